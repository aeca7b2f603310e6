# `just` lists these; CI runs `just check --training`, which is scripts/test

default:
    @just --list

# set up .venv, then style, types, contracts and tests: `just check`, `just check --training`
check *args:
    bash scripts/test {{args}}

# one part of the tests: `just test tests/geometry`
test *args:
    .venv/bin/python -m pytest {{args}}

# format, and mend what ruff can mend
format:
    .venv/bin/ruff format .
    .venv/bin/ruff check --fix .

# the pages that are made from the code
docs:
    .venv/bin/python scripts/cli_reference.py

# median file and function lengths and other aims; fails on nothing
style:
    .venv/bin/python scripts/style_report.py

# time and memory: a 400-slice CT, stages against references, JPEG 2000, cost by slices, a hundred scans
benchmark:
    .venv/bin/python benchmarks/quantify_400.py
    .venv/bin/python benchmarks/stages.py --json benchmarks/results/stages.json
    .venv/bin/python benchmarks/jpeg2000.py --json benchmarks/results/jpeg2000.json
    .venv/bin/python benchmarks/linear.py --json benchmarks/results/linear.json
    .venv/bin/python benchmarks/memory_100.py --json benchmarks/results/memory-100.json

# the review service: a worker killed while it works, what the queue costs, first image and frames of the review page in a browser
service-benchmark:
    .venv/bin/python benchmarks/killed_worker.py --json benchmarks/results/killed-worker.json
    .venv/bin/python benchmarks/job_queue.py --json benchmarks/results/job-queue-sqlite.json
    .venv/bin/python benchmarks/review_page.py --json benchmarks/results/review-page.json

# every benchmark of accuracy with the networks in `runs/`, held against the committed numbers: `just accuracy ../shared/data`
accuracy data:
    .venv/bin/python benchmarks/cross_validate.py runs {{data}}/ct runs/cross-validation --json runs/accuracy/cross-validation.json
    .venv/bin/endplate evaluate runs/cross-validation {{data}}/ct --out runs/accuracy
    .venv/bin/python benchmarks/warped_fractures.py runs {{data}}/ct --json runs/accuracy/warped-fractures.json
    .venv/bin/python benchmarks/level_names.py runs {{data}} --json runs/accuracy/level-names.json
    .venv/bin/python benchmarks/rendered_twins.py {{data}}/experts --models runs/all --json runs/accuracy/rendered-twins.json
    .venv/bin/python benchmarks/robustness.py runs {{data}}/ct --json runs/accuracy/robustness.json
    .venv/bin/python benchmarks/no_worse.py benchmarks/results runs/accuracy

# the wheel, weights included
wheel:
    .venv/bin/python -m build --wheel --no-isolation
