"""What is written in a figure."""

from matplotlib.text import Text


def texts(figure):
    """Every visible text of a figure, drawn."""
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


def titles(figure):
    figure.canvas.draw()
    return [title for axes in figure.axes for title in (axes.get_title(loc="left"), axes.get_title()) if title]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]
