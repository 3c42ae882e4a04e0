"""`python -m tf_models.training.finishing RUN_DIR`: score, draw and report what another backend has trained."""

import sys

from tf_data.command import import_tensorflow, run


def main(argv: list[str] | None = None) -> None:
    (path,) = sys.argv[1:] if argv is None else argv
    import_tensorflow()
    from tf_models.training.building import load_data, load_task
    from tf_models.training.run_directory import RunDirectory
    from tf_models.training.telling import finish

    found = RunDirectory.open(path)
    task = load_task(found).on(load_data(found.recipe, found.options))
    finish(found, found.options, task, found.read_history(), found.info["seconds"])


if __name__ == "__main__":
    sys.exit(run(main))
