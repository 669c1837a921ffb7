"""sim bargain: a file of coalitions to splits, verdicts and objections; every wrong cell by file, row and column."""

from __future__ import annotations

import pytest

TVA = "coalition,value\n1,163520\n2,140826\n3,250096\n2+1,301607\n1 + 3,378821\n2+3,367370\n1+2+3,412584\n"
MAJORITY = "coalition,value\na,0\nb,0\nc,0\na+b,1\na+c,1\nb+c,1\na+b+c,1\n"


@pytest.fixture(autouse=True)
def at_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tva.csv").write_text(TVA, encoding="utf-8")
    (tmp_path / "majority.csv").write_text(MAJORITY, encoding="utf-8")


def test_one_rule_and_its_verdict(sim):
    answer = sim("bargain", "tva.csv", "--kind", "cost", "--rule", "nucleolus")
    assert answer.code == 0
    lines = [line.split() for line in answer.out.splitlines()]
    assert ["1", "163520", "116234"] in lines
    assert ["together", "554442", "412584"] in lines
    assert ["nucleolus", "yes", "yes"] in lines


def test_all_rules_side_by_side(sim):
    answer = sim("bargain", "tva.csv", "--kind", "cost", "--weights", "1=1, 2=1,3=2")
    lines = [line.split() for line in answer.out.splitlines()]
    assert lines[0] == ["player", "alone", "equal", "proportional", "separable", "shapley", "nucleolus", "nash"]
    assert lines[3] == ["3", "250096", "137528", "206292", "195951", "193998", "202810", "202810"]
    assert ["proportional", "yes", "yes"] in lines


def test_json_has_full_precision_and_objections_by_name(sim):
    found = sim("bargain", "tva.csv", "--kind", "cost", "--weights", "1=1,2=9,3=1", "--json").json
    assert found["total"] == 412584
    assert not found["core_is_empty"]
    assert found["rules"]["shapley"]["split"] == pytest.approx({"1": 117829, "2": 100756.5, "3": 193998.5})
    assert found["rules"]["shapley"]["in_core"]
    bad = found["rules"]["proportional"]
    assert not bad["in_core"]
    assert not bad["individually_rational"]
    assert [violation["coalition"] for violation in bad["violations"]] == ["2", "1+2", "2+3"]
    assert bad["violations"][0]["amount"] == pytest.approx(412584 * 9 / 11 - 140826)


def test_objections_of_a_single_rule_are_listed(sim):
    out = sim("bargain", "tva.csv", "--kind", "cost", "--rule", "proportional", "--weights", "1=1,2=9,3=1").out
    assert [line.split() for line in out.splitlines()][-3:] == [["2", "196743"], ["1+2", "73469.4"], ["2+3", "7706.36"]]


def test_an_empty_core_and_a_rule_without_answer(sim):
    out = sim("bargain", "majority.csv", "--kind", "value").out
    assert "The core is empty" in out
    assert "separable has no answer: nobody has a remaining benefit" in out
    assert "proportional" not in out
    answer = sim("bargain", "majority.csv", "--kind", "value", "--rule", "separable")
    assert answer.code == 2
    assert answer.err.startswith("error: majority.csv: the rule separable has no answer: nobody")


def test_numbers_by_player_from_files(sim, tmp_path):
    (tmp_path / "w.csv").write_text("# people\nplayer,value\n3,2\n1,1\n2,1\n", encoding="utf-8")
    (tmp_path / "d.csv").write_text("player,value\n1,200000\n2,200000\n3,200000\n", encoding="utf-8")
    words = ("bargain", "tva.csv", "--kind", "cost", "--weights", "w.csv", "--disagreement", "d.csv", "--json")
    rules = sim(*words).json["rules"]
    assert rules["proportional"]["split"] == {"1": 103146, "2": 103146, "3": 206292}
    assert rules["nash"]["split"] == pytest.approx(dict.fromkeys("123", 412584 / 3))


def test_quiet(sim):
    assert sim("bargain", "tva.csv", "--kind", "cost", "--quiet").out == ""


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("1 + 3,378821\n", ""), "game.csv, column coalition: missing coalitions: 1+3"),
        (("2+1,", "2+2,"), "game.csv, row 5, column coalition: 2 is in the coalition twice"),
        (("378821", "many"), "game.csv, row 6, column value: 'many' is text where a number belongs"),
        (("378821", "nan"), "game.csv, row 6, column value: 'nan' is not a finite number"),
        (("378821", ""), "game.csv, row 6, column value: the cell is empty"),
        (("2+3,", "1+2,"), "game.csv, row 7, column coalition: the coalition 1+2 stands in row 5 already"),
        (("2+1,", "2+,"), "game.csv, row 5, column coalition: '2+' has a player without a name"),
        (("2+1,", "2+4,"), "game.csv, column coalition: coalition 2+4: 4 is unknown"),
        (("value", "vlaue"), "game.csv, column vlaue: unknown column; did you mean value?"),
        (("378821", "378821,1"), "game.csv, row 6: the row has 3 cells"),
        ((TVA, ""), "game.csv: is empty"),
        ((TVA, "coalition,value\n"), "game.csv, column coalition: no coalition of a single player"),
    ],
)
def test_wrong_files(sim, tmp_path, change, text):
    (tmp_path / "game.csv").write_text(TVA.replace(*change), encoding="utf-8")
    answer = sim("bargain", "game.csv", "--kind", "cost")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {text}")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--rule", "shaply"], "unknown rule 'shaply'; did you mean shapley?"),
        (["--rule", "proportional"], "--weights: the rule proportional needs weights"),
        (["--weights", "1=1,2=x,3=1"], "--weights: '2=x': not a number"),
        (["--weights", "1=1,2=nan,3=1"], "--weights: weight of 2: nan is not a finite number"),
        (["--weights", "1=1,1=2"], "--weights: '1=2': no name, or one named before"),
        (["--weights", "1=1,2=1"], "--weights: weight missing for 3"),
        (["--weights", ""], "--weights: '': no name"),
        (["--weights", "nowhere.csv"], "nowhere.csv: cannot be read: No such file or directory"),
        (["--weights", "tva.csv"], "tva.csv, column coalition: unknown column"),
        (["--weights", "twice.csv"], "twice.csv, row 3, column player: 1 has two rows"),
        (["--disagreement", "1=1,2=1,3=1,4=1"], "--disagreement: disagreement point for unknown players: 4"),
        (["--rule", "equal", "--weights", "1=1"], "--weights: is for the rule proportional, not for equal"),
        (["--rule", "nash", "--disagreement", "1=0,2=0,3=0"], "tva.csv: the rule nash has no answer: there is nothing"),
    ],
)
def test_wrong_options(sim, tmp_path, words, text):
    (tmp_path / "twice.csv").write_text("player,value\n1,1\n1,2\n", encoding="utf-8")
    answer = sim("bargain", "tva.csv", "--kind", "cost", *words)
    assert (answer.code, answer.out) == (2, "")
    assert text in answer.err
    assert answer.err.count("\n") == 1


def test_kind_has_to_be_said(sim):
    assert sim("bargain", "tva.csv").code == 2
    assert "--kind" in sim("bargain", "tva.csv").err
    assert "'costs'" in sim("bargain", "tva.csv", "--kind", "costs").err


def test_a_missing_file(sim):
    answer = sim("bargain", "nowhere.csv", "--kind", "cost", "--json")
    assert answer.code == 2
    assert answer.json["error"]["file"] == "nowhere.csv"
