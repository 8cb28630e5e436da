import os
import platform

import pytest

from cnnrepro import machine

CPUINFO = "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu {flag} sse\n\nprocessor\t: 1\nmodel name\t: Another\n"


@pytest.fixture
def pretend(monkeypatch, tmp_path):
    """Pretend a processor and a driver."""

    def make(flag="", gpus=()):
        path = tmp_path / "cpuinfo"
        path.write_text(CPUINFO.format(flag=flag))
        real = machine.Path
        monkeypatch.setattr(machine, "Path", lambda name: path if name == "/proc/cpuinfo" else real(name))
        monkeypatch.setattr(machine, "_gpus", lambda: tuple(gpus))
        machine.describe.cache_clear()
        return machine.describe()

    yield make
    machine.describe.cache_clear()


@pytest.mark.parametrize("flag, native", [("avx512_bf16", True), ("amx_bf16", True), ("avx2", False)])
def test_bfloat16_follows_the_processors_flags(flag, native, pretend):
    here = pretend(flag)
    assert here.cpu == "A CPU"
    assert here.computes_bfloat16(on_gpu=False) is native


@pytest.mark.parametrize(
    "flags, largest, name",
    [
        ("sse4_1 avx avx2", "", "AVX2"),
        ("sse4_1 avx avx2 avx512f avx512bw avx512vl avx512dq avx512_vnni avx512_bf16", "", "AVX512_CORE_BF16"),
        ("sse4_1 avx avx2 avx512f avx512bw avx512vl avx512dq avx512_vnni avx512_bf16", "avx2", "AVX2"),
        ("sse4_1 avx avx2", "avx512_core_amx", "AVX2"),
        ("sse4_1 avx avx2", "default", "AVX2"),
        ("", "", platform.machine()),
    ],
)
def test_the_instruction_set_is_the_widest_that_may_be_used(flags, largest, name, pretend, monkeypatch):
    pretend(flags)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", largest)
    assert machine.instruction_set() == name


def test_settings_are_those_that_are_set_without_paths(monkeypatch):
    for name in machine.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    assert machine.settings() == {}
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/home/me --xla_cpu_enable_fast_math=true")
    assert machine.settings() == {"TF_NUM_INTRAOP_THREADS": "1", "XLA_FLAGS": "--xla_cpu_enable_fast_math=true"}


@pytest.mark.parametrize("capability, native", [(7.5, False), (8.0, True), (9.0, True)])
def test_with_a_gpu_its_compute_capability_decides(capability, native, pretend):
    here = pretend("avx512_bf16", [machine.Gpu("NVIDIA X", capability)])
    assert here.computes_bfloat16(on_gpu=True) is native
    assert here.computes_bfloat16(on_gpu=False) is True
    assert here.to_dict(on_gpu=True)["gpus"] == ["NVIDIA X"]
    assert "NVIDIA X" in here.summary()


def test_a_driver_that_does_not_tell_the_capability(monkeypatch, tmp_path):
    fake = tmp_path / "nvidia-smi"
    fake.write_text('#!/bin/sh\necho "NVIDIA A, B, [N/A]"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert machine._gpus() == (machine.Gpu("NVIDIA A, B", 0.0),)


def test_this_machine_is_described_without_its_name():

    here = machine.describe()
    assert here.cores >= 1 and here.memory_gib > 0
    assert platform.node() not in str(here.to_dict(on_gpu=True)) or len(platform.node()) < 4
