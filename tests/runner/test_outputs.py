"""What is kept of a cell that prints, shows or fails too much."""

from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from cnnrepro.runner.outputs import HEAD, LONGEST_TRACEBACK, RICH, TAIL, BoundedOutputs


def printed(*texts):
    """What is left of texts that a cell printed one after the other."""
    kept, outputs = BoundedOutputs(), [v4.new_output("stream", name="stdout", text=text) for text in texts]
    for one in outputs:
        kept.add(one)
    kept.finish()
    return "".join(one.text for one in outputs)


@given(st.lists(st.integers(0, 2 * HEAD), max_size=8))
def test_of_a_flood_the_beginning_and_the_end_are_kept_and_the_rest_counted(lengths):
    texts = ["".join(chr(ord("a") + (place + number) % 26) for place in range(n)) for number, n in enumerate(lengths)]
    whole, left = "".join(texts), printed(*texts)
    if len(whole) <= HEAD + TAIL:
        assert left == whole
    else:
        note = f"\n[… {len(whole) - HEAD - TAIL:,} characters left out …]\n"
        assert left == whole[:HEAD] + note + whole[-TAIL:]


def test_long_tracebacks_keep_both_ends():
    lines = [f"frame {number}" for number in range(1000)]
    output = v4.new_output("error", ename="RecursionError", evalue="too deep", traceback=list(lines))
    BoundedOutputs().add(output)
    assert len(output.traceback) == LONGEST_TRACEBACK + 1
    assert (output.traceback[0], output.traceback[-1]) == (lines[0], lines[-1])
    assert f"{1000 - LONGEST_TRACEBACK} lines left out" in output.traceback[LONGEST_TRACEBACK // 2]


def test_pictures_beyond_all_measure_are_left_out():
    kept = BoundedOutputs()
    outputs = [v4.new_output("display_data", {"image/png": "x" * (RICH // 4)}) for _ in range(6)]
    for one in outputs:
        kept.add(one)
    assert ["image/png" in one.data for one in outputs] == [True] * 4 + [False] * 2
    assert "was left out" in outputs[-1].data["text/plain"]


def test_progress_is_written_over_before_it_is_cut():
    bar = "".join(f"\r{number}/10000 [====]" for number in range(1, 10_001))
    assert printed("epoch 1\n", *(bar[at : at + 999] for at in range(0, len(bar), 999)), "\nepoch 2\n") == (
        "epoch 1\n10000/10000 [====]\nepoch 2\n"
    )


def test_texts_of_the_two_streams_stay_apart():
    kept = BoundedOutputs()
    outputs = [v4.new_output("stream", name=name, text=text) for name, text in (("stdout", "a\r"), ("stderr", "b"))]
    outputs.append(v4.new_output("stream", name="stdout", text="c"))
    for output in outputs:
        kept.add(output)
    kept.finish()
    assert [output.text for output in outputs] == ["a", "b", "c"]
