# SPDX-License-Identifier: Apache-2.0
SHELL := /bin/bash

.PHONY: help demo test fuzz setup clean

help:
	@printf '%s\n' \
	  'make demo    run TTT3R as a ROS 2 node on a replayed camera bag; results in out/demo' \
	  '             INPUT=<folder, video or bag>  WEIGHTS=<checkpoint>  RATE=<images per second>  OUT=<folder>' \
	  'make test    run all tests                 ARGS=<arguments for pytest>' \
	  'make fuzz    feed it spoilt files and messages for long   FUZZ=<times, 5000: 35,000 in all>' \
  'make setup   only set up what both need: .venv and .ws' \
	  'make clean   remove .venv, .ws and out'

setup:
	@tools/setup.sh

demo: setup
	@. tools/env.sh && ttt3r demo $${INPUT:+--input "$$INPUT"} $${WEIGHTS:+--weights "$$WEIGHTS"} \
	  $${RATE:+--rate "$$RATE"} $${OUT:+--out "$$OUT"}

# A domain of its own and no other machine: the tests meet no robot. The bounds keep clear of ephemeral ports.
test: setup
	@. tools/env.sh && ROS_PYTHON_CHECK_FIELDS=1 ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST \
	  ROS_DOMAIN_ID=$$((RANDOM % 100 + 1)) python -m pytest -ra $(ARGS)

# With 5,000: some 15,000 messages and parameters, and 20,000 files.
fuzz: setup
	@. tools/env.sh && FUZZ=$${FUZZ:-5000} ROS_PYTHON_CHECK_FIELDS=1 ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST \
	  ROS_DOMAIN_ID=$$((RANDOM % 100 + 1)) python -m pytest -ra -o timeout=0 test/fuzz $(ARGS)

clean:
	rm -rf .venv .ws out build install log *.egg-info
