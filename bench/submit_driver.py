"""`shoal submit` reduced to its engine: submit, follow, exit with the job's code."""

import sys
from pathlib import Path

from shoal.engine.jobs import Jobs

address, token_file, working_dir, entrypoint = sys.argv[1:]
jobs = Jobs(address, Path(token_file).read_text().strip())
submission_id = jobs.submit(entrypoint, working_dir=working_dir)
for piece in jobs.follow(submission_id):
    sys.stdout.write(piece)
    sys.stdout.flush()
sys.exit(jobs.get(submission_id).exit_code)
