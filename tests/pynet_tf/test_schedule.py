"""Plans: named ones, narrowed and changed, and what is refused."""

from __future__ import annotations

import pytest

from calib_data.errors import UserError
from pynet_tf.schedule import PLANS, LevelPlan, cost, make_plan


@pytest.mark.parametrize("name", ["default", "small", "paper"])
def test_plans_go_through_all_levels(name: str) -> None:
    assert [plan.level for plan in make_plan(name=name)] == [7, 6, 5, 4, 3, 2, 1]


def test_the_papers_plan_is_the_papers() -> None:
    plan = {one.level: one for one in PLANS["paper"]}
    assert [(plan[level].batch, plan[level].steps) for level in range(7, 0, -1)] == [
        (50, 5_000),
        (50, 5_000),
        (40, 20_000),
        (14, 20_000),
        (9, 30_000),
        (9, 80_000),
        (5, 100_000),
    ]
    assert {one.learning_rate for one in plan.values()} == {5e-5}
    assert plan[1].loss_weights == {"l1": 10.0, "vgg": 0.1, "ssim": 10.0}
    assert plan[4].loss_weights == {"l1": 100.0}


def test_the_students_plan_trains_the_last_level_end_to_end() -> None:
    assert [(one.level, one.loss_weights) for one in make_plan(name="student")] == [
        (1, {"l1": 1.0, "ssim": 1.0, "vgg": 0.01})
    ]


def test_a_plan_is_narrowed_and_changed() -> None:
    chosen = make_plan("5-4", "small", steps=3, batch=None)
    assert [(plan.level, plan.steps, plan.batch) for plan in chosen] == [(5, 3, 6), (4, 3, 4)]


def test_finer_levels_and_larger_batches_cost_more() -> None:
    costs = [cost(LevelPlan(level, 1, 2, 64, 1e-3)) for level in range(7, 0, -1)]
    assert costs == sorted(costs)
    assert cost(LevelPlan(3, 1, 4, 64, 1e-3)) == pytest.approx(2 * cost(LevelPlan(3, 1, 2, 64, 1e-3)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"level": 8}, "level is 8"),
        ({"crop": 33}, "must be a multiple of 32"),
        ({"batch": 0}, "--batch is 0"),
        ({"learning_rate": 0.0}, "--learning-rate is 0"),
        ({"decay": "sudden"}, "decay is 'sudden'"),
        ({"loss_weights": {"lpips": 1.0}}, "lpips is no loss"),
        ({"zoom": 0.5}, "--zoom is 0.5; 1 to 8"),
        ({"tones": -0.1}, "--tones is -0.1; 0 to 1"),
        ({"sharpness": 0.5}, "--sharpness is 0.5; 1 to 4"),
        ({"loss_weights": {"vgg": 1.0}}, "the loss vgg needs outputs of 32 pixels a side, not 4"),
    ],
)
def test_senseless_numbers_are_refused(changes: dict[str, object], said: str) -> None:
    good = {"level": 5, "steps": 1, "batch": 1, "crop": 32, "learning_rate": 1e-3}
    with pytest.raises(UserError, match=said):
        LevelPlan(**{**good, **changes})
