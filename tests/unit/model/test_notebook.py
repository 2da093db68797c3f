"""Results in a notebook."""

from __future__ import annotations

import copy
import gc
import pickle

from hypothesis import given
from hypothesis import strategies as st

from groupsolver import Application, Cluster, Fleet, Limits, Result, explain, solve
from groupsolver.model.result import Conflict, ConflictingPolicy, Explanation

ONE = Limits(seconds=30, workers=1)
FLEET = Fleet.model_validate({"hosts": [{"name": "h<0>", "inventory": {"VCPU": 2}}]})


def application(count: int) -> Application:
    members = [{"resources": {"VCPU": 1}, "count": count}]
    return Application.model_validate({"groups": [{"name": "A", "members": members}]})


def test_a_placement_is_its_picture_in_a_frame_of_its_own() -> None:
    app = application(2)
    html = solve(app, FLEET, limits=ONE)._repr_html_()
    assert html.startswith('<iframe sandbox="allow-scripts"')
    assert "&lt;svg" in html
    assert "<svg" not in html


def test_a_host_that_has_gone_since_leaves_a_table() -> None:
    cluster = Cluster(FLEET)
    app = application(1)
    result = solve(app, cluster, limits=ONE)
    cluster.remove_host("h<0>")
    assert result._repr_html_().startswith("<p><b>optimal</b>")


def test_what_is_no_longer_kept_is_a_table() -> None:
    fleet = Fleet.model_validate(FLEET.document())
    result = solve(application(1), fleet, limits=ONE)
    del fleet
    gc.collect()
    assert "<td>A/0</td><td>h&lt;0&gt;</td>" in result._repr_html_()


def test_a_conflict_is_its_picture() -> None:
    app = application(3)
    for result in (explain(app, FLEET, limits=ONE), solve(app, FLEET, limits=ONE)):
        html = result._repr_html_()
        assert html.startswith('<iframe sandbox="allow-scripts"')
        assert "3 new members of A are placed" in html
        assert "Cheapest changes" in html


def test_an_answer_out_of_time_is_a_table() -> None:
    app = application(1)
    result = solve(app, FLEET, limits=ONE).model_copy(update={"status": "unknown"})
    assert result._repr_html_().startswith("<p><b>unknown</b>")


def test_a_conflict_whose_fleet_is_gone_is_told_in_its_sentences() -> None:
    app = application(3)
    result = Explanation.model_validate(explain(app, FLEET, limits=ONE).document())
    html = result._repr_html_()
    assert "<b>infeasible</b>" in html
    assert "contradict each other" in html
    assert "cheapest changes" in html


def test_what_a_result_was_solved_for_is_no_part_of_it() -> None:
    app = application(1)
    result = solve(app, FLEET, limits=ONE)
    again = Result.model_validate(result.document())
    assert result == again
    assert pickle.loads(pickle.dumps(result)) == result
    assert copy.deepcopy(result) == copy.copy(result) == result
    assert result.document().keys() == Result.model_fields.keys()


def test_a_result_of_a_cluster_is_drawn_over_what_runs_and_concerns_it() -> None:
    hosts = [{"name": f"h{i}", "inventory": {"VCPU": 2}} for i in range(2)]
    cluster = Cluster(Fleet.model_validate({"hosts": hosts}))
    alone = application(1).document()
    alone["groups"][0]["policies"] = ["exclusive"]
    cluster.place("first", Application.model_validate(alone), limits=ONE)
    app = application(1)
    result = solve(app, cluster, limits=ONE)
    assert "first:A/0" in result._repr_html_()


@given(st.text(), st.text())
def test_no_text_is_markup(member: str, sentence: str) -> None:
    conflict = Conflict(policies=(ConflictingPolicy(group="g", policy="p", sentence=sentence),))
    result = Result(status="infeasible", placement={member: "h"}, conflict=conflict)
    html = result._repr_html_()
    for tag in ("<script", "<img", "<a "):
        assert tag not in html
    assert html.count("<") == html.count(">")
