"""What the reader makes of its logits: rivals count against a passage."""

from __future__ import annotations

import numpy as np

from knowledge.retrieval.calibration import Calibration

SCALE = Calibration((1.0, 0.5, -0.5), 0.0, (0.0, 0.0, 0.4), blend=0.3)
JUDGED = Calibration((0.5, 0.0, 0.0, 1.0, -0.5), 0.0, (0.0,) * 4 + (0.4,), blend=0.3)


def chances(*answers: float) -> list[float]:
    return list(map(float, SCALE.chances(np.zeros(len(answers)), np.array(answers))))


def test_a_passage_with_rivals_is_less_likely_to_answer_than_one_that_stands_out() -> None:
    assert chances(2.0, 1.5, 1.5)[0] < chances(2.0, -4.0, -4.0)[0]


def test_rivals_do_not_change_which_of_the_passages_is_likeliest() -> None:
    one, other = chances(1.0, 2.0)
    assert other > one


def test_what_search_found_far_down_is_no_rival() -> None:
    assert chances(2.0, *[-4.0] * 9, 5.0)[0] == chances(2.0, *[-4.0] * 9, -5.0)[0]
    assert chances(*[-4.0] * 10, 2.0)[10] > chances(2.0, *[-4.0] * 9, 2.0)[10]


def test_a_passage_that_is_read_alone_is_judged_as_if_among_usual_rivals() -> None:
    assert chances(2.0, 3.0)[0] < chances(2.0)[0] < chances(2.0, -8.0)[0]


def judged(*verdicts: float) -> list[float]:
    nothing = np.zeros(len(verdicts))
    return list(map(float, JUDGED.chances(nothing, nothing, np.array(verdicts))))


def test_what_the_judge_says_counts_and_so_do_its_rivals() -> None:
    assert judged(3.0, -3.0)[0] > judged(3.0, 2.0)[0] > judged(1.0, 2.0)[0]


def test_what_the_judge_did_not_read_is_no_likelier_than_the_least_of_what_it_did() -> None:
    first, second, unread = judged(2.0, -1.0, float("nan"))
    assert first > second and unread <= second


def test_a_passage_that_is_judged_alone_is_judged_as_if_among_usual_rivals() -> None:
    assert judged(2.0, 3.0)[0] < judged(2.0)[0] < judged(2.0, -8.0)[0]


NEAR = Calibration(
    (0.5, 0.0, 0.0, 0.5, 0.0, 1.0, -0.5), 0.0, (0.0,) * 7, blend=0.3, without_cosines=JUDGED
)


def near(*cosines: float) -> list[float]:
    nothing = np.zeros(len(cosines))
    return list(map(float, NEAR.chances(nothing, nothing, nothing, np.array(cosines))))


def test_what_lies_near_the_question_is_likelier_and_less_so_among_others_as_near() -> None:
    assert near(0.7, 0.1)[0] > near(0.7, 0.6)[0] > near(0.3, 0.6)[0]


def test_where_cosines_are_not_known_they_do_not_count() -> None:
    verdicts = np.array([2.0, -1.0])
    without = NEAR.chances(np.zeros(2), np.zeros(2), verdicts)
    assert without.tolist() == JUDGED.chances(np.zeros(2), np.zeros(2), verdicts).tolist()


def test_what_lies_near_the_question_ranks_first_among_what_reads_alike() -> None:
    nothing = np.zeros(3)
    ranks = NEAR.ranks(nothing, nothing, np.array([0.2, 0.6, 0.4]))
    assert np.argsort(-ranks).tolist() == [1, 2, 0]
    assert NEAR.ranks(nothing, nothing).tolist() == [0.5] * 3


def test_logits_far_out_stay_probabilities() -> None:
    assert all(0 < each < 1 for each in chances(900.0, -900.0))


def test_what_ships_counts_rivals_against_a_passage() -> None:
    from knowledge.retrieval.cross_encoder import SHIPPED

    scale = Calibration.load(SHIPPED)
    reading, verdicts, cosines = (np.array([one, 0.0, 0.0]) for one in (2.0, 2.0, 0.6))
    rivals = (np.full(3, 2.0), np.full(3, 2.0), np.full(3, 0.6))
    relevance = np.full(3, -4.0)
    for near, as_near in ((cosines, rivals[2]), (None, None)):
        alone = scale.chances(relevance, reading, verdicts, near)[0]
        assert scale.chances(relevance, rivals[0], rivals[1], as_near)[0] < alone - 0.05
