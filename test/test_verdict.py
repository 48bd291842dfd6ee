# SPDX-License-Identifier: Apache-2.0
"""What a path is said to be worth."""

from __future__ import annotations

import pytest

from ttt3r_ros.evaluation.verdict import judge
from ttt3r_ros.reconstruction.tracking import TrackingState
from ttt3r_ros.reconstruction.weights_profile import Familiarity, Source, TrainedOn, compare, load_profile

OK, LOST, BEGUN, DOUBT = (TrackingState(name) for name in ('ok', 'lost', 'initialising', 'degraded'))


def verdict(*states: TrackingState, familiarity: Familiarity = Familiarity(), trained: bool = True):
    """Return the verdict on images in these states; lost ones have no pose."""
    return judge(states, [state is not LOST for state in states], familiarity, trained=trained)


@pytest.mark.parametrize(('states', 'word', 'why'), [
    ([BEGUN] * 3 + [OK] * 97, 'good', ''),
    ([OK] * 60 + [LOST] + [BEGUN] * 3 + [OK] * 36, 'doubtful', 'while it was lost was not seen'),
    ([OK] * 60 + [LOST] * 5 + [BEGUN] * 3 + [OK] * 32, 'doubtful', '5 images have no pose'),
    ([OK] * 99 + [LOST], 'good', ''),
    ([OK] * 4 + [LOST], 'doubtful', '1 image has no pose'), ([OK] * 4 + [DOUBT], 'doubtful', '1 pose is in doubt'),
    ([OK] * 80 + [DOUBT] * 20, 'doubtful', '20 poses are in doubt'),
    ([OK] * 40 + [LOST] * 60, 'lost', '60 images have no pose'),
    ([BEGUN], 'doubtful', 'never got beyond its beginning'),
    ([OK] + [LOST, BEGUN] * 15, 'lost', 'begun again 15 times; 15 images have no pose; how far'),
    ([], 'lost', 'no image was answered')])
def test_the_word_follows_from_what_was_tracked(states, word, why):
    """Nearly all tracked is good; a hole, going on after one, much doubt or a mere beginning is doubtful; less than
    half, or nothing, is lost."""
    found = verdict(*states)
    assert found.word == word and why in found.sentence
    assert found.begun_again == sum(pair == (LOST, BEGUN) for pair in zip(states, states[1:]))


def test_unseen_pictures_and_random_weights_are_never_good():
    """However well it was tracked; the reason is told."""
    strange = verdict(*[OK] * 100, familiarity=Familiarity(outside=('real pictures',)))
    assert strange.word == 'doubtful' and 'have not seen such pictures: real pictures' in strange.sentence
    random = verdict(*[DOUBT] * 100, trained=False)
    assert random.word == 'doubtful' and random.why == ('the weights are random',)
    unknown = verdict(*[OK] * 100, familiarity=Familiarity(unknown=('whether the pictures are real',)))
    assert unknown.word == 'good' and unknown.familiarity.unknown


def test_the_embedded_weights_know_their_kind_of_picture():
    """Rooms as in training are familiar; a phone's aspect, or a confidence that only strange pictures have, is not."""
    trained_on = load_profile('embedded').trained_on
    room = Source(aspect=4 / 3, field_of_view=63.0, synthetic=True, step_m=0.06, step_deg=3.0, confidence=8.0)
    assert not compare(trained_on, room).outside and not compare(trained_on, room).unknown
    film = compare(trained_on, Source(aspect=16 / 9, confidence=3.3))
    assert [reason.split()[0] for reason in film.outside] == ['aspect', 'confidence']
    assert 'whether the pictures are real' in film.unknown
    assert compare(TrainedOn(), Source(confidence=1.5)).outside == ()


def test_images_that_nothing_could_be_made_of_are_none_that_were_tracked():
    """One image answered of eight whose stamps stand still is no path, however well it was tracked."""
    found = judge([OK], [True], Familiarity(), trained=True, unusable=7)
    assert found.word == 'lost' and found.images == 8
    assert '1 of 8 images tracked' in found.sentence and '7 images have no pose' in found.sentence
    assert judge([], [], Familiarity(), trained=True, unusable=3).word == 'lost'
    assert judge([OK] * 99, [True] * 99, Familiarity(), trained=True, unusable=1).word == 'good'
