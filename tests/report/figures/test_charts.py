import numpy as np

from cnnrepro.lessons.architectures.network_costs import NetworkCost
from cnnrepro.models import Published
from cnnrepro.report import figures
from cnnrepro.report.figures.charts import Panel
from tests.report.drawn import texts


def test_the_same_name_has_the_same_colour_in_all_panels():
    first = Panel("one", "x", "y", {"a": ([1, 2], [3, 4]), "b": ([1, 2], [1, 1])}, dashed=frozenset({"b"}))
    second = Panel("two", "x", "y", {"b": ([1, 2], [1, 1])}, rules={"limit": 3.0}, logarithmic="xy")
    figure = figures.line_panels([first, second])
    left, right = figure.axes
    assert left.lines[1].get_color() == right.lines[0].get_color()
    assert left.lines[1].get_linestyle() == "--"
    assert right.get_xscale() == right.get_yscale() == "log"
    assert {"one", "two", "a", "b", "limit"} <= set(texts(figure))


def test_whole_numbers_have_whole_ticks():
    (axes,) = figures.line_panels([Panel("t", "x", "y", {"a": (range(1, 4), [1, 2, 3])})]).axes
    axes.figure.canvas.draw()
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_bubbles_have_areas_in_proportion_and_labels_apart():
    rows = [("A-1", 1.0, 30.0, 100.0), ("B-1", 3.0, 26.0, 50.0), ("B-2", 3.1, 24.0, 25.0)]
    figure = figures.bubbles(rows, x="work", y="error", area="area: parameters", title="t")
    sizes = [bubble.get_sizes()[0] for bubble in figure.axes[0].collections[::2]]
    np.testing.assert_allclose(sizes, [1600, 800, 400])
    figure.canvas.draw()
    upper, lower = (text for text in figure.axes[0].texts if text.get_text().startswith("B"))
    assert upper.get_window_extent().y0 > lower.get_window_extent().y1
    assert {"A-1", "work", "error", "area: parameters"} <= set(texts(figure))


def cost(title, parameters, published=None):
    return NetworkCost(title, parameters, 2 * parameters, 1000, 2000, 7, published)


def test_cost_bars_mark_what_is_published():
    exact = Published("x", parameters=2_000_000, multiply_adds=4_000_000)
    rounded = Published("x", parameters=1_100_000, rounded=True)
    figure = figures.cost_bars([cost("A", 2_000_000, exact), cost("B", 1_000_000, rounded), cost("C", 3_000_000)])
    parameters, work, memory = figure.axes
    assert [bar.get_width() for bar in parameters.patches] == [2, 1, 3]
    assert [line.get_xdata()[0] for line in parameters.lines] == [2.0, 1.1]
    fills = [line.get_markerfacecolor() for line in parameters.lines]
    assert fills[1] == "white" != fills[0]
    assert (len(work.lines), len(memory.lines)) == (1, 0)
    assert {"A", "B", "C", "published", "published, in round figures"} <= set(texts(figure))


def test_shares_add_up_to_one():
    amounts = {"Parameters": {"convolutions": [1, 3], "dense layers": [3, 1]}}
    figure = figures.share_panels(["A", "B"], amounts)
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.25, 0.75, 0.75, 0.25]
    assert [text for text in texts(figure) if "%" in text] == ["25 %", "75 %", "75 %", "25 %"]


def test_memory_columns_stack_gradients_on_activations():
    layers = [("image", 1.0, 0.0, 0.0), ("conv1", 4.0, 4.0, 2.0)]
    figure = figures.memory_columns({"Net": layers})
    above, below = figure.axes
    assert [bar.get_height() for bar in above.patches] == [1, 4, 0, 4]
    assert [bar.get_y() for bar in above.patches] == [0, 0, 1, 4]
    assert [bar.get_height() for bar in below.patches] == [0, 2]
    assert {"Net", "image", "conv1", "activations", "their gradients"} <= set(texts(figure))


def test_batch_lines_dash_the_weights():
    (axes,) = figures.batch_lines({"N: activations": ([1, 2], [1, 2]), "N: weights": ([1, 2], [3, 3])}).axes
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--"]
