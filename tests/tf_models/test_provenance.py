"""What a run says of the machine it was made on."""

import os
import platform
import subprocess
import sys

import pytest

from tf_models.training import processor


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("cpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n\nmodel\t: 2\n", "AMD EPYC (family 25, model 1)"),
        ("model name\t: ARMv7 Processor rev 3\n", "ARMv7 Processor rev 3"),
        ("BogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n", platform.processor() or platform.machine()),
    ],
)
def test_processors_of_one_name_are_told_apart(told, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(told)
    assert processor.name() == expected


def test_instructions_are_those_that_linux_names(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    assert not processor.has("avx2")
    (tmp_path / "cpuinfo").write_text("flags\t\t: fpu avx2 avx512f\n\nflags\t: amx_bf16\n")
    assert processor.has("avx2")
    assert not processor.has("avx512")
    assert not processor.has("amx_bf16")


ONEDNN = """
from tf_data.command import import_tensorflow
import_tensorflow()
from tf_models.training import provenance
print(provenance.environment()["onednn"])
"""


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="oneDNN is chosen on x86")
@pytest.mark.parametrize(("asked", "expected"), [(None, "True"), ("0", "False")])
def test_commands_compute_by_onednn_unless_told_otherwise_and_say_so(asked, expected):
    others = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    environment = others if asked is None else {**others, "TF_ENABLE_ONEDNN_OPTS": asked}
    done = subprocess.run([sys.executable, "-c", ONEDNN], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected]
