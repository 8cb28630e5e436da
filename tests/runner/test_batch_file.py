"""Batch files: what they say, and every way in which they say nothing."""

import json
import os

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.runner import batch_file
from cnnrepro.runner.request import page_requests

GOOD = """
experiments:
  - run: alexnet_vs_resnet
    parameters: {seeds: 0..2, batchnorm_momentum: [0.9, 0.95], epochs: 1}
  - run: pooling
  - pooling
"""


def test_a_file_becomes_pages_each_once(tmp_path):
    path = tmp_path / "batch.yaml"
    path.write_text(GOOD)
    requests = page_requests([str(path)], {})
    assert [request.name for request in requests] == ["alexnet_vs_resnet", "alexnet_vs_resnet", "pooling"]
    assert [request.parameters.get("batchnorm_momentum") for request in requests] == [0.9, 0.95, None]
    assert [arm.specs[2].seed for arm in requests[0].arms] == [2, 2]


def test_a_notebook_lies_beside_its_file(tmp_path, root):
    (tmp_path / "batch.yml").write_text("experiments: [mine.ipynb]")
    entry = batch_file.read(tmp_path / "batch.yml")[0]
    assert entry.target == str(tmp_path / "mine.ipynb")


BAD = {
    "no yaml": ("experiments: [", "is not YAML: line 1"),
    "a number": ("3", "must hold a list `experiments:`"),
    "empty": ("", "must hold a list `experiments:`"),
    "no entries": ("experiments: []", "must hold a list `experiments:`"),
    "another key": ("experiments: [pooling]\njobs: 2", "Unknown key of a batch file 'jobs'; known are: experiments"),
    "an entry without a name": ("experiments: [{parameters: {}}]", "Entry 1 of .* must say `run:`"),
    "a key of an entry": ("experiments: [{run: pooling, seeds: 1}]", "Unknown key of entry 1 .*'seeds'"),
    "parameters as a list": ("experiments: [{run: pooling, parameters: [1]}]", "must be names with values"),
    "an unknown experiment": ("experiments: [pooling, pool]", "Entry 2 of .*: Unknown experiment 'pool'"),
    "an unknown parameter": (
        "experiments: [{run: alexnet_vs_resnet, parameters: {seed: 1}}]",
        "Entry 1 of .*: Unknown parameter of alexnet_vs_resnet 'seed'",
    ),
    "a bad value in the last entry": (
        "experiments: [pooling, {run: alexnet_vs_resnet, parameters: {epochs: [1, 0]}}]",
        "Entry 2 of .*: epochs must be a whole number",
    ),
    "an object of Python": ("experiments: !!python/object/apply:os.system ['true']", "is not YAML"),
    "a date that is none": ("experiments: !!timestamp 2024-13-45", "is not YAML"),
    "a key twice": (
        "experiments: [{run: alexnet_vs_resnet, parameters: {epochs: 1, epochs: 2}}]",
        "batch.yaml': The key 'epochs' is given twice in the mapping that begins in line 1",
    ),
    "nested too deeply": ("experiments: " + "[" * 100_000, "batch.yaml': At most 50 lists and mappings may lie within"),
    "not text": (b"\xff\xfe\x00", "cannot be read"),
    "aliases that unfold": (
        "a: &a [x, x]\n"
        + "".join(f"b{n}: &b{n} [{'*a, ' * 99}*a]\n" for n in range(9))
        + "c: ["
        + "*b8, " * 9999
        + "x]",
        "batch.yaml': Its aliases unfold to more than",
    ),
    "an undefined alias of any length": ("experiments: *" + "x" * 10_000, "is not YAML: line 1, found undefined alias"),
    "an entry of any length": (json.dumps({"experiments": [{"x": "y" * 10_000}]}), "Entry 1 of .* characters"),
    "a name of any length": (json.dumps({"experiments": ["y" * 10_000]}), "Entry 1 of .*Unknown experiment 'yyy"),
    "a parameter of any length": (
        json.dumps({"experiments": [{"run": "pooling", "parameters": {"y" * 1000: 1}}]}),
        "Entry 1 of .*: Unknown parameter of pooling 'yyy",
    ),
    "a value of any length": (
        json.dumps({"experiments": [{"run": "pooling", "parameters": {"size": "y" * 10_000}}]}),
        "Entry 1 of .*: Parameter 'size' must be a",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_whole_with_one_sentence(name, tmp_path):
    content, sentence = BAD[name]
    path = tmp_path / "batch.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=sentence) as raised:
        page_requests([str(path)], {})
    assert len(str(raised.value)) < 1500


def test_a_file_makes_no_more_pages_than_there_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnrepro.runner.request.LONGEST_RANGE", 3)
    path = tmp_path / "batch.yaml"
    path.write_text("experiments: [pooling, pooling, pooling]")
    assert len(page_requests([str(path)], {})) == 1
    path.write_text("experiments: [pooling, pooling, pooling, pooling]")
    with pytest.raises(UsageError, match="batch.yaml' makes more than 3 pages"):
        page_requests([str(path)], {})


def test_a_pipe_is_no_batch_file(tmp_path):
    os.mkfifo(tmp_path / "batch.yaml")
    with pytest.raises(UsageError, match="cannot be read: it is no regular file"):
        page_requests([str(tmp_path / "batch.yaml")], {})


def test_a_file_may_be_json_and_there_too_a_key_stands_once(tmp_path):
    path = tmp_path / "batch.json"
    path.write_text('{"experiments": [\n\t{"run": "pooling", "parameters": {"size": 64}}]}')  # YAML takes no tabs
    assert page_requests([str(path)], {})[0].parameters["size"] == 64
    path.write_text('{"experiments": [{"run": "pooling", "run": "pooling"}]}')
    with pytest.raises(UsageError, match="The key 'run' is given twice"):
        page_requests([str(path)], {})
    path.write_text('{"experiments": [')
    with pytest.raises(UsageError, match="is not JSON"):
        page_requests([str(path)], {})


def test_what_is_merged_into_a_mapping_may_be_given_anew(tmp_path):
    path = tmp_path / "batch.yaml"
    path.write_text(
        "experiments:\n  - {run: pooling, parameters: &all {size: 64, largest_shift: 4}}\n"
        "  - {run: pooling, parameters: {<<: *all, size: 128}}\n"
    )
    assert [request.parameters["size"] for request in page_requests([str(path)], {})] == [64, 128]


def test_a_missing_file_and_parameters_beside_one(tmp_path):
    with pytest.raises(UsageError, match="There is no batch file"):
        page_requests([str(tmp_path / "none.yaml")], {})
    with pytest.raises(UsageError, match="-p goes with an experiment, not with a file; write 'epochs' into"):
        page_requests([str(tmp_path / "none.yaml")], {"epochs": "1"})


@pytest.mark.parametrize(
    "networks",
    [
        ["resnet20", "nets_of_others.py:net"],
        "resnet20,nets_of_others.py:net",
        "[resnet20, nets_of_others:net]",
        r'[resnet20, "nets_of_others.py\x3anet"]',  # as YAML may write a colon
        "resnet20,\u2003nets_of_others:net",  # a blank that JSON would write as \\u2003
    ],
)
def test_code_that_a_file_names_is_run_for_those_who_trust_it_alone(networks, tmp_path, monkeypatch):
    (tmp_path / "nets_of_others.py").write_text("raise SystemExit('it ran')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    batch = tmp_path / "batch.json"
    batch.write_text(json.dumps({"experiments": [{"run": "compare", "parameters": {"networks": networks}}]}))
    with pytest.raises(UsageError, match=r"Entry 1 of .*: It names 'nets.*:net', which is code that would run"):
        page_requests([str(batch)], {})
    with pytest.raises(SystemExit, match="it ran"):
        page_requests([str(batch)], {}, trust=True)
