# SPDX-License-Identifier: Apache-2.0
"""`python -m training`; its own module, because processes cannot be handed functions of a `__main__`."""

from training.command import main

if __name__ == '__main__':
    main()
