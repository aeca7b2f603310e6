"""The command line: one file per command, imported when its command is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from endplate import __version__
from endplate.cli import exit_codes
from endplate.errors import EndplateError

if TYPE_CHECKING:
    from cyclopts import App

QUANTIFY = """Measure every vertebra of every CT under some paths.

Writes OUT/SCAN/report.json and overview.png per scan, further files where asked for, and OUT/findings.csv (a row per vertebra) and
OUT/scans.csv (a row per scan) over all results in OUT. Scans that are done already are not done again. Nothing leaves this
computer."""

COHORT = """Measure the CTs of a whole cohort, many at a time, whatever happens.

Results are as those of ``quantify``. After a kill at any moment the same command goes on where it stopped; a bad scan, or one
that kills its process, is reported and never stops the others."""


SERVE = """Serve worklist and review page to browsers; needs the extra ``service``.

Readers upload scans, watch them being measured, move points, sign, export. Listens on this machine alone unless you say otherwise;
then a token is needed. Nothing leaves this computer."""


def app() -> App:
    """The commands; their files are imported when they are called, their first help lines stand here."""
    from cyclopts import App, Parameter

    endplate = App(
        name="endplate",
        version=f"endplate {__version__}",
        help="Finds vertebral fractures on CT scans made for any other reason. Research use only: not a medical device.",
        help_epilogue=exit_codes.EPILOGUE,
        default_parameter=Parameter(negative=()),
    )
    endplate.command("endplate.cli.quantify:quantify", help=QUANTIFY)
    endplate.command("endplate.cli.cohort:cohort", help=COHORT)
    endplate.command("endplate.cli.serve:serve", help=SERVE)
    endplate.command("endplate.cli.phantom:phantom", help="Write a synthetic CT of the spine, with its exact truth.")
    endplate.command("endplate.cli.evaluate:evaluate", help="Compare reports with annotated truth: a table, JSON and pictures.")
    endplate.command("endplate.cli.export_truth:export_truth", help="Write signed reviews as truth for training and evaluation.")
    endplate.command("endplate.cli.info:info", help="Version, weights and runtime.")
    train = App(name="train", help="Train the networks on your own data; needs the extra ``training``.")
    train.command("endplate.cli.train:prepare", help="Render CTs and phantoms into a cache of training cases.")
    train.command("endplate.cli.train:localiser", help="Train the network that finds the spine.")
    train.command("endplate.cli.train:detector", help="Train the network that finds the vertebrae.")
    train.command("endplate.cli.train:refiner", help="Train the network that looks at each vertebra again.")
    train.command("endplate.cli.train:levels", help="Train the network that names the levels.")
    endplate.command(train)
    return endplate


def run(arguments: Sequence[str]) -> int:
    """Runs one command; gives the exit code. What goes wrong is said in one message on standard error."""
    from cyclopts import CycloptsError

    try:
        result = app()(list(arguments), exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return exit_codes.USAGE
    except EndplateError as error:
        return _said(error.message, error.exit_code)
    except KeyboardInterrupt:
        return _said("interrupted", exit_codes.INTERRUPTED)
    except OSError as error:
        where = error.filename or "the output"
        return _said(
            f"{where}: {error.strerror or error}; give an output folder that can be written, with free space", exit_codes.OUTPUT
        )
    return result if isinstance(result, int) else exit_codes.OK


def main() -> None:
    """The console script ``endplate``."""
    sys.exit(run(sys.argv[1:]))


def _said(message: str, code: int) -> int:
    print(f"endplate: {message}", file=sys.stderr)
    return code
