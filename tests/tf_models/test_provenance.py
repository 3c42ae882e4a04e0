"""What a run says of the machine it was made on."""

import platform

import pytest

from tf_models.training import provenance


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("cpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n\nmodel\t: 2\n", "AMD EPYC (family 25, model 1)"),
        ("model name\t: ARMv7 Processor rev 3\n", "ARMv7 Processor rev 3"),
        ("BogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n", platform.processor() or platform.machine()),
    ],
)
def test_processors_of_one_name_are_told_apart(told, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(told)
    assert provenance.processor() == expected
