"""What the tests of commands share: options of a quick training, and how a command has to fail."""

from tf_data.command import run

QUICK = ["--limit", "200", "--epochs", "2", "--no-figures", "--quiet"]


def fails(capsys, main, arguments, code, *texts):
    """Run a command that must end with this code and one line on stderr that contains `texts`."""
    capsys.readouterr()
    try:
        found = run(main, [str(argument) for argument in arguments])
    except SystemExit as end:  # argparse
        found = end.code
    error = capsys.readouterr().err
    assert found == code, error
    assert len(error.strip().splitlines()) == 1, error
    assert "Traceback" not in error
    for text in texts:
        assert text in error
