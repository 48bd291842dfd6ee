# SPDX-License-Identifier: Apache-2.0
"""How much of each proposed state token is written: one class a rule, and its line in RULES.

To add one: a file with the class, as contract.py says what it sees and answers, and the line here. Command line, node,
parameters, tests and measurements take it from RULES.
"""

from __future__ import annotations

from dataclasses import fields

from .contract import Observation, RuleMemory, UpdateRule, UpdateRuleError, Write, parameter
from .ddd3r import Brake, Ortho
from .filt3r import Filt3r
from .memix import MEMIX_SUFFIX, Memix
from .plain import Constant, Cut3r, PerFrame, Ttt3r
from .recal3r import Recal3r
from .statistics import AttentionStatistics
from .ttsa3r import Ttsa3r

RULES: dict[str, type[UpdateRule]] = {rule.name: rule for rule in (
    Ttt3r,
    Cut3r,
    Constant,
    PerFrame,
    Filt3r,
    Ttsa3r,
    Brake,
    Ortho,
    Recal3r,
)}

__all__ = ['MEMIX_SUFFIX', 'RULES', 'AttentionStatistics', 'Observation', 'RuleMemory', 'UpdateRule',
           'UpdateRuleError', 'Write', 'make_rule', 'parameter', 'rule_parameters']


def make_rule(name: str, options: dict[str, float] | None = None) -> UpdateRule:
    """Build the rule called name, `+memix` behind it for the modifier.

    options: values of parameters by 'rule.parameter', e.g. 'constant.share'; those of other rules are passed over.
    Raises UpdateRuleError for an unknown rule, parameter, or value.
    """
    base, plus, modifier = name.partition('+')
    if base not in RULES or (plus and '+' + modifier != MEMIX_SUFFIX):
        raise UpdateRuleError(f'unknown update rule {name!r}: take one of {", ".join(RULES)}, '
                              f'each with {MEMIX_SUFFIX} behind it if wanted')
    options = dict(options or {})
    for key in options:
        if key not in rule_parameters():
            raise UpdateRuleError(f'unknown parameter {key!r}: there are {", ".join(rule_parameters())}')

    def given(group: str) -> dict[str, float]:
        return {key.partition('.')[2]: value for key, value in options.items() if key.startswith(group + '.')}

    rule = RULES[base](**given(base))
    return Memix(rule, **given('memix')) if plus else rule


def rule_parameters() -> dict[str, dict]:
    """Return every rule's parameters by 'rule.parameter': default, low, high and text of each."""
    groups = RULES | {MEMIX_SUFFIX.lstrip('+'): Memix}
    return {f'{group}.{f.name}': {'default': f.default, **f.metadata}
            for group, rule in groups.items() for f in fields(rule) if f.metadata}
