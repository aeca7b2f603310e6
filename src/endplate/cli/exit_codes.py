"""What the exit code of ``endplate`` says; docs/reference/exit-codes.md is tested against this table."""

from __future__ import annotations

OK = 0
FAULT = 1
USAGE = 2
REFUSED = 3
MODEL = 4
OUTPUT = 5
CLUSTER = 6
INTERRUPTED = 130

MEANINGS = {
    OK: "every scan has a result; no spine in view is a result",
    FAULT: "a fault of endplate itself on at least one scan; please report it",
    USAGE: "the command line is wrong",
    REFUSED: "at least one input was refused; the others have their results",
    MODEL: "weights or an extra unusable; the message names it",
    OUTPUT: "output cannot be written; read-only folder, full disk, a database of a newer endplate",
    CLUSTER: "the Dask cluster cannot be used; the message names the address",
    INTERRUPTED: "interrupted; the same command goes on where it stopped",
}

EPILOGUE = "Exit codes: " + "; ".join(f"{code} {meaning.split(';')[0]}" for code, meaning in MEANINGS.items()) + "."
