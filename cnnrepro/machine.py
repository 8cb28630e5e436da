"""What this machine is, read without loading TensorFlow: processor, cores, memory, GPU, number formats."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import psutil

# Flags under which Linux lists processors that multiply bfloat16 natively (Intel Cooper Lake and Sapphire Rapids,
# AMD Zen 4 and later). Elsewhere bfloat16 is emulated, and slower than float32.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}

# What oneDNN computes with, the least first, as its ONEDNN_MAX_CPU_ISA names it; and the flags that Linux lists then.
INSTRUCTION_SETS = {
    "SSE41": {"sse4_1"},
    "AVX": {"avx"},
    "AVX2": {"avx2"},
    "AVX2_VNNI": {"avx2", "avx_vnni"},
    "AVX512_CORE": {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
    "AVX512_CORE_VNNI": {"avx512f", "avx512_vnni"},
    "AVX512_CORE_BF16": {"avx512f", "avx512_bf16"},
    "AVX512_CORE_FP16": {"avx512f", "avx512_fp16"},
    "AVX512_CORE_AMX": {"avx512f", "amx_tile", "amx_int8", "amx_bf16"},
}
LARGEST_INSTRUCTION_SET = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")

# Variables of the environment that move the last bits of what is computed.
SETTINGS = (
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    *LARGEST_INSTRUCTION_SET,
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "OMP_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "TF_CUDNN_USE_FRONTEND",
    "XLA_FLAGS",
    "TF_XLA_FLAGS",
    "JAX_ENABLE_X64",
    "JAX_DEFAULT_MATMUL_PRECISION",
)

# NVIDIA's tensor cores take bfloat16 from compute capability 8.0 (Ampere).
BFLOAT16_COMPUTE_CAPABILITY = 8.0


@dataclass(frozen=True)
class Gpu:
    """A GPU that the driver lists: its name and CUDA compute capability."""

    name: str
    compute_capability: float


@dataclass(frozen=True)
class Machine:
    """What a record keeps of the machine it was made on: no host name, no user name."""

    cpu: str
    cores: int
    memory_gib: float
    gpus: tuple[Gpu, ...]
    system: str
    cpu_bfloat16: bool

    def computes_bfloat16(self, *, on_gpu: bool) -> bool:
        """Whether bfloat16 is native on what computes: all GPUs, or the processor."""
        if on_gpu and self.gpus:
            return all(gpu.compute_capability >= BFLOAT16_COMPUTE_CAPABILITY for gpu in self.gpus)
        return self.cpu_bfloat16

    def to_dict(self, *, on_gpu: bool) -> dict:
        """Plain values for JSON; GPUs only where they are used."""
        return asdict(self) | {"gpus": [gpu.name for gpu in self.gpus] if on_gpu else []}

    def summary(self) -> str:
        """One line: "2 cores of AMD EPYC, 23 GiB, no GPU"."""
        gpus = ", ".join(gpu.name for gpu in self.gpus) or "no GPU"
        return f"{self.cores} core{'s' * (self.cores != 1)} of {self.cpu}, {self.memory_gib:.0f} GiB, {gpus}"


def _cpuinfo() -> dict[str, str]:
    """The first processor's entries of Linux's /proc/cpuinfo; empty elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.split("\n\n", 1)[0].splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # not on macOS
        return sorted(process.cpu_affinity())
    return list(range(psutil.cpu_count()))


def instruction_set() -> str:
    """The widest instructions that oneDNN may use here: "AVX512_CORE_BF16"; of no x86 processor its architecture."""
    flags = set(_cpuinfo().get("flags", "").split())
    here = [name for name, needed in INSTRUCTION_SETS.items() if needed <= flags]
    names = list(INSTRUCTION_SETS)
    for variable in LARGEST_INSTRUCTION_SET:
        largest = os.environ.get(variable, "").upper()
        if largest in names:
            here = [name for name in here if names.index(name) <= names.index(largest)]
            break
    return here[-1] if here else platform.machine()


def settings() -> dict[str, str]:
    """Those variables of the environment that move the last bits and are set, without the paths that some may name."""
    values = {name: os.environ.get(name, "") for name in SETTINGS}
    told = {name: " ".join(word for word in value.split() if "/" not in word) for name, value in values.items()}
    return {name: value for name, value in told.items() if value}


def _gpus() -> tuple[Gpu, ...]:
    """The GPUs that NVIDIA's driver lists; none where there is no driver."""
    if shutil.which("nvidia-smi") is None:
        return ()
    query = ["nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ()
    rows = (line.rsplit(",", 1) for line in listed.splitlines() if "," in line)
    return tuple(Gpu(name.strip(), _number(capability)) for name, capability in rows)


def _number(text: str) -> float:
    """A compute capability; 0.0 where the driver does not tell ("[N/A]")."""
    try:
        return float(text)
    except ValueError:
        return 0.0


@cache
def describe() -> Machine:
    """This machine."""
    info = _cpuinfo()
    return Machine(
        cpu=info.get("model name") or platform.processor() or platform.machine(),
        cores=len(cores()),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        gpus=_gpus(),
        system=f"{platform.system()} {platform.release().split('-')[0]}",
        cpu_bfloat16=bool(BFLOAT16_FLAGS & set(info.get("flags", "").split())),
    )


@cache
def running_id() -> str:
    """What tells this machine, since it was started, from others; says nothing of its name.

    Containers on one machine share it, as they share its locks.
    """
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")
    except OSError:
        name = platform.node()
    return hashlib.sha256(name.encode()).hexdigest()[:16]
