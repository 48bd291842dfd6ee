# SPDX-License-Identifier: Apache-2.0
SHELL := /bin/bash

.PHONY: help demo test test-all fuzz mutants soak kills wheel setup clean

help:
	@printf '%s\n' \
	  'make demo    run TTT3R as a ROS 2 node on a replayed camera bag; results in out/demo' \
	  '             INPUT=<folder, video or bag>  WEIGHTS=<checkpoint>  RATE=<images per second>  OUT=<folder>' \
	  'make test    run the tests                 ARGS=<arguments for pytest>' \
	  'make test-all  run the heavy ones too: before a release' \
	  'make fuzz    feed it spoilt files and messages for long   FUZZ=<times, 5000: 35,000 in all>' \
	  'make mutants change lines of the product and ask whether a test sees it: hours' \
	  '             COUNT=200  SEED=1  FILES=<pattern such as ros/*.py>  AGAIN=1 (survivors)' \
	  'make soak    let it run while all happens that may, and count what is lost   MINUTES=1440' \
	  '             PHASE=<seconds of each kind, 40>  OUT=<folder, out/soak>' \
	  'make kills   end a node that saves with kill -9, and look where it goes on: 40 minutes' \
	  '             COUNT=100  SEED=1  OUT=<folder, out/kills>' \
	  'make wheel   build what pip installs, the part that needs no ROS, into dist' \
  'make setup   only set up what both need: .venv and .ws' \
	  'make clean   remove .venv, .ws, out and dist'

setup:
	@tools/setup.sh

demo: setup
	@. tools/env.sh && ttt3r demo $${INPUT:+--input "$$INPUT"} $${WEIGHTS:+--weights "$$WEIGHTS"} \
	  $${RATE:+--rate "$$RATE"} $${OUT:+--out "$$OUT"}

# A domain of its own and no other machine: the tests meet no robot. The bounds keep clear of ephemeral ports.
alone = . tools/env.sh && export ROS_PYTHON_CHECK_FIELDS=1 ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST \
  ROS_DOMAIN_ID=$$((RANDOM % 100 + 1)) &&

# Half of the time is waiting for nodes, so two files run side by side. A process that is killed ends the run and names
# its test: with another in its place pytest-xdist 3.8 waits for ever at the end.
pytest = python -m pytest -ra --numprocesses 2 --dist loadfile --max-worker-restart 0

test: setup
	@$(alone) $(pytest) -m 'not heavy' $(ARGS)

test-all: setup
	@$(alone) $(pytest) $(ARGS)

mutants: setup
	@$(alone) python test/mutants/mutants.py $${COUNT:+--count "$$COUNT"} $${SEED:+--seed "$$SEED"} \
	  $${FILES:+--files "$$FILES"} $${AGAIN:+--again}

soak: setup
	@$(alone) PYTHONPATH=test/ros:$$PYTHONPATH python test/long/soak.py $${MINUTES:+--minutes "$$MINUTES"} \
	  $${PHASE:+--phase "$$PHASE"} $${OUT:+--out "$$OUT"}

kills: setup
	@$(alone) PYTHONPATH=test/ros:$$PYTHONPATH python test/long/kills.py $${COUNT:+--count "$$COUNT"} \
	  $${SEED:+--seed "$$SEED"} $${OUT:+--out "$$OUT"}

# With 5,000: some 15,000 messages and parameters, and 20,000 files.
fuzz: setup
	@$(alone) FUZZ=$${FUZZ:-5000} python -m pytest -ra -o timeout=0 test/fuzz $(ARGS)

wheel: setup
	@. tools/env.sh && rm -rf dist && python -m build --outdir dist .

clean:
	rm -rf .venv .ws out dist build install log *.egg-info
