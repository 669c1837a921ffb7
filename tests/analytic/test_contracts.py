"""Contracts between cities against cases that can be worked out by hand, three cities at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.calibration import calibrate
from sim.compose import compose
from sim.config import RunConfig
from sim.core.agreements import BASES, BY_OTHERS, KEYS, Contract
from sim.core.arrays import FloatArray
from sim.core.errors import InputError, ModelWarning
from sim.core.levers import Levers
from sim.core.state import ARBITRATION, EVENT, EVENTS, PAYMENT, State
from sim.datasets.world import World
from sim.indicators.identities import ALLOWED, identities
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.sharing import Share, rules
from sim.year import Simulation
from tests.worlds import SHARING, TRANSFER, small_base, small_model

PRT, MIL, VAL, ROC, ROW = range(5)
CITIES = ("PRT", "MIL", "VAL")
THREE = list(CITIES)
YEAR = 2021


@cache
def easy() -> BaseYear:
    """The small world with round tax rates: in MAN a tenth of value added is corporate tax, a fifth VAT; no cut."""
    base = small_base()
    taxes = replace(
        base.taxes,
        corporate_tax=np.array([0.0, 0.1, 0.1]),
        vat=np.array([0.0, 0.2, 0.2]),
        labour_share=np.array([0.5, 0.5, 0.5]),
    )
    return replace(base, taxes=taxes, budgets=replace(base.budgets, cut=np.zeros_like(base.budgets.cut)))


def rows_of(*values: float) -> FloatArray:
    """Values of the three cities, then of the rest of the country and the world."""
    return np.array([*values, *[0.0] * (5 - len(values))])


def in_manufacturing(*values: float) -> FloatArray:
    """Values ``[region, sector]`` in MAN."""
    return np.outer(rows_of(*values), [0.0, 1.0, 0.0])


class Case:
    """One contract, or several, on a state whose numbers the test sets; years are stepped by hand."""

    def __init__(self, *contracts: Contract, members: str = "PMV", **fields: Any) -> None:
        self.base = easy()
        self.state: State = self.base.state.copy()
        self.state.year = YEAR
        self.contracts, self.members = contracts, members
        self.levers = Levers.neutral(self.base.admin_barrier, self.base.world.n_sectors)
        self.share = Share(self.base, (1, 0), lambda state, levers: np.ones((3, 5, 5)))
        self.set(**fields)

    def set(self, **fields: Any) -> Case:
        for name, value in fields.items():
            if name == "tax":
                self.state.tax_memory[0] = value
            elif name == "cohorts":
                self.state.cohorts = np.array(value, dtype=np.float64)
            else:
                getattr(self.state, name)[:] = value
        return self

    def pay(self, members: str | None = None, part: float = 1.0) -> FloatArray:
        """What is payable on this year's tax ``[payer, payee]``; moves on to the next year."""
        self.levers.reset(Levers.neutral(self.base.admin_barrier, self.base.world.n_sectors))
        chosen = np.flatnonzero([name[0] in (members or self.members) for name in CITIES])
        for contract in self.contracts:
            self.levers.add_contract(contract, chosen, part)
        self.state.events = np.empty((0, len(EVENT)))
        self.share.update(self.state, self.levers)
        self.state.year += 1
        return self.state.payable.copy()

    def net(self, **options: Any) -> list[float]:
        """Received less paid by the cities."""
        payable = self.pay(**options)
        return (payable.sum(axis=0) - payable.sum(axis=1))[:3].tolist()


def contract(**terms: Any) -> Contract:
    return Contract(**({"name": "c", "parties": THREE, "start": YEAR} | terms))


def test_every_base_and_key_has_its_function() -> None:
    assert list(rules.BASES) == [name for name in BASES if name not in BY_OTHERS]
    assert list(rules.KEYS) == list(KEYS)


class TestZone:
    """The three keep 100, 50 and 10 in the first year, 130, 50 and 20 in the second: 30, 0 and 10 are pooled."""

    KEY_NET = (
        ("equal", {}, [40 / 3 - 30, 40 / 3, 40 / 3 - 10]),
        ("population", {"resident_population": rows_of(6, 3, 1)}, [24 - 30, 12, 4 - 10]),
        ("capital", {"capital": in_manufacturing(1, 1, 2)}, [10 - 30, 10, 20 - 10]),
        ("contribution", {}, [26 - 30, 10, 4 - 10]),
        ("negotiated", {"weights": {"PRT": 0.5, "MIL": 0.4, "VAL": 0.1}}, [20 - 30, 16, 4 - 10]),
        ({"equal": 0.6, "negotiated": 0.4}, {"weights": {"PRT": 1.0}}, [8 + 16 - 30, 8, 8 - 10]),
    )

    def zone(self, **terms: Any) -> Case:
        fields = {name: terms.pop(name) for name in ("resident_population", "capital") if name in terms}
        zone = contract(**({"base": "tax_increment", "key": "equal", "schedule": 1.0} | terms))
        case = Case(zone, tax=in_manufacturing(100, 50, 10), **fields)
        np.testing.assert_array_equal(case.pay(), 0.0)  # nothing has grown yet
        return case.set(tax=in_manufacturing(130, 50, 20))

    @pytest.mark.parametrize(("key", "terms", "net"), KEY_NET)
    def test_the_pool_is_divided_by_the_key(self, key: Any, terms: dict[str, Any], net: list[float]) -> None:
        np.testing.assert_allclose(self.zone(key=key, **terms).net(), net, atol=1e-12)

    def test_the_contribution_that_counts_is_all_tax_not_the_increment_which_everybody_would_get_back(self) -> None:
        paid = self.zone(key="contribution").pay()
        np.testing.assert_allclose(paid[PRT, :3], [0.0, 30 * 50 / 200, 30 * 20 / 200])
        np.testing.assert_allclose(paid[VAL, :3], [10 * 130 / 200, 10 * 50 / 200, 0.0])

    def test_half_a_schedule_pays_half(self) -> None:
        np.testing.assert_allclose(self.zone(schedule={YEAR: 0.0, YEAR + 1: 0.5}).net(), [-25 / 3, 20 / 3, 5 / 3])
        np.testing.assert_allclose(self.zone(schedule={"age": {0: 0.9, 1: 0.5}}).net(), [-25 / 3, 20 / 3, 5 / 3])

    def test_the_first_year_may_grow_with_the_nation(self) -> None:
        case = self.zone(indexed="gdp")
        case.state.national[0] *= 1.3
        np.testing.assert_allclose(case.net(), [7 / 3, 7 / 3, 7 / 3 - 7])  # 130, 65 and 13 are no increment
        case = self.zone(indexed="gdp")
        case.state.national[0] *= 1.1
        np.testing.assert_allclose(case.net(), [-20 + 29 / 3, 29 / 3, 29 / 3 - 9])

    def test_the_ratio_stays_for_its_term_and_then_follows_its_factors(self) -> None:
        case = self.zone(key="population", revised_every=3, resident_population=rows_of(6, 3, 1))
        case.set(resident_population=rows_of(1, 3, 6))
        kept = [24 - 30, 12, 4 - 10]
        np.testing.assert_allclose([case.net() for _ in range(2)], [kept, kept], atol=1e-12)
        np.testing.assert_allclose(case.net(), [4 - 30, 12, 24 - 10], atol=1e-12)

    def test_districts_count_with_their_part_and_other_sectors_do_not(self) -> None:
        zone = contract(base="tax_increment", key="equal", schedule=1.0, part={"PRT": 0.1, "VAL": 1.0}, sectors=["MAN"])
        case = Case(zone, tax=in_manufacturing(100, 50, 10))
        case.pay()
        grown = in_manufacturing(130, 90, 20)
        grown[:, 2] = 1000.0
        np.testing.assert_allclose(case.set(tax=grown).net(), [13 / 3 - 3, 13 / 3, 13 / 3 - 10])


class TestHeadOffice:
    """A firm with head office in PRT and all of manufacturing: 40 % of its corporate tax is local: 4, 4 and 2."""

    def firm(self, **terms: Any) -> Case:
        firm = contract(base="corporate_tax", schedule=1.0, head="PRT", sectors=["MAN"], **terms)
        return Case(
            firm,
            value_added=in_manufacturing(100, 100, 50),
            output=in_manufacturing(0, 300, 100),
            capital=in_manufacturing(10, 10, 20),
        )

    def test_a_quarter_to_the_head_half_by_three_factors_a_quarter_to_all_places(self) -> None:
        key = {"head": 0.25, "output": 0.175, "wages": 0.175, "capital": 0.15, "localities": 0.25}
        case = self.firm(key=key, part=dict.fromkeys(CITIES, 1.0))
        former = case.base.state.value_added[:4, 1:].sum(axis=1)  # what corporate tax was on in the base year
        local = 0.25 * former / former.sum()
        parts = np.array([0.25 + 0.175 * 0.4 + 0.15 * 0.25, 0.175 * 0.75 + 0.175 * 0.4 + 0.15 * 0.25, 0.0])
        parts[VAL] = 0.175 * 0.25 + 0.175 * 0.2 + 0.15 * 0.5
        assert parts.sum() + local.sum() == pytest.approx(1.0)
        paid = case.pay()
        received = paid.sum(axis=0) - paid.sum(axis=1)
        np.testing.assert_allclose(received[:3], 10 * (parts + local[:3]) - [4, 4, 2])
        assert received[ROC] == pytest.approx(10 * local[ROC])  # the rest of the country is no party and gets its part
        assert received.sum() == pytest.approx(0.0, abs=1e-12)

    def test_a_part_of_the_plants_is_a_part_of_the_tax_and_of_the_factors(self) -> None:
        case = self.firm(key="capital", part={"PRT": 0.5, "MIL": 0.5, "VAL": 0.0})
        np.testing.assert_allclose(case.net(), [2 - 2, 2 - 2, 0.0], atol=1e-12)
        case = self.firm(key="output", part={"PRT": 0.5, "MIL": 0.5, "VAL": 0.0})
        np.testing.assert_allclose(case.net(), [-2.0, 2.0, 0.0], atol=1e-12)

    def test_without_a_firm_nothing_is_paid_and_a_run_says_so_once(self) -> None:
        np.testing.assert_array_equal(self.firm(key="head").pay(), 0.0)
        model = small_model({"tax_sharing": {"start": 2020, "end": 2030, "contracts": {
            "firm": {"parties": THREE, "base": "corporate_tax", "key": "head", "head": "PRT", "schedule": 1.0},
        }}}, horizon=2021)  # fmt: skip
        with pytest.warns(ModelWarning, match=r"firm does nothing.*contracts\.firm\.part") as told:
            model.run()
        assert len(told) == 1
        assert not any(rows.size for rows in model.record.payments)


def test_blend_gives_half_of_the_tax_to_where_goods_are_bought() -> None:
    # VAT is a fifth of 100, 50 and 200, half of it local: 10, 5 and 20. Everybody sells to PRT, MIL, VAL and the rest
    # of the country in the proportions 4 : 3 : 2 : 1.
    blend = contract(base="sales_tax", key="destination", schedule=0.5)
    seller, buyer = in_manufacturing(1, 2, 3), in_manufacturing(4, 3, 2, 1)
    output = in_manufacturing(10, 20, 30)
    case = Case(
        blend, value_added=in_manufacturing(100, 50, 200), seller_weight=seller, buyer_weight=buyer, output=output
    )
    expected = 0.5 * np.outer([10, 5, 20], [0.4, 0.3, 0.2])
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(case.pay()[:3, :3], expected, rtol=1e-14)
    np.testing.assert_allclose(case.pay()[:, ROC:], 0.0)  # what others buy stays with the seller


class TestEqualisation:
    """Revenue of 90, 30 and 30 for 10, 10 and 20 people: 9, 3 and 1.5 a head, 3.75 on average."""

    def case(self, **terms: Any) -> Case:
        terms = {"base": "capacity", "key": "shortfall", "schedule": 1.0} | terms
        return Case(
            contract(**terms), own_revenue=rows_of(90, 30, 30, 999), resident_population=rows_of(10, 10, 20, 99)
        )

    def test_at_one_everybody_has_the_same_per_head(self) -> None:
        after = np.array([90, 30, 30]) + self.case().net()
        np.testing.assert_allclose(after / [10, 10, 20], 3.75, rtol=1e-14)

    def test_at_a_half_half_the_gap_is_left(self) -> None:
        after = np.array([90, 30, 30]) + self.case(schedule=0.5).net()
        np.testing.assert_allclose(after / [10, 10, 20] - 3.75, np.array([5.25, -0.75, -2.25]) / 2)

    def test_the_mean_is_that_of_the_members(self) -> None:
        after = np.array([90, 30, 30]) + self.case().net(members="PM")
        np.testing.assert_allclose(after, [60, 60, 30])

    def test_floor_and_cap_in_money_of_the_base_year(self) -> None:
        assert self.case(schedule=0.5, cap=20).pay()[PRT].sum() == pytest.approx(20)
        assert self.case(schedule=0.1, floor=40).pay()[PRT].sum() == pytest.approx(40)
        assert self.case(schedule=0.1, floor=400).pay()[PRT].sum() == pytest.approx(52.5)  # never more than the base
        case = self.case(schedule=0.5, cap=20, indexed="gdp")
        case.state.national[0] *= 1.2
        assert case.pay()[PRT].sum() == pytest.approx(24)
        assert self.case(schedule=0.5).pay(part=0.5)[PRT].sum() == pytest.approx(52.5 / 4)


class TestMovedTax:
    """A plant of 100 from PRT and one of 50 from MIL in VAL, whose capital of 1,000 pays 80: 8 and 4 of tax a year."""

    COHORTS = ((PRT, VAL, 1, 0, YEAR - 1, 100, 0, 20), (MIL, VAL, 1, 0, YEAR - 3, 50, 0, 1000))

    def case(self, **terms: Any) -> Case:
        plants = contract(**({"hosts": ["VAL"], "covers": "all"} | terms))
        return Case(
            plants, cohorts=self.COHORTS, tax=in_manufacturing(50, 50, 80), capital=in_manufacturing(500, 500, 1e3)
        )

    def test_relocation_pays_the_origin_by_age_until_the_cap(self) -> None:
        case = self.case(schedule={"age": {0: 0.5, 3: 0.25}}, term=5, capped=True)
        paid = np.array([case.pay()[VAL, :2] for _ in range(6)])
        np.testing.assert_allclose(paid[:, PRT], [4, 4, 4, 2, 2, 0])
        np.testing.assert_allclose(paid[:, MIL], [2, 1, 1, 0, 0, 0])
        case = self.case(schedule=1.0, term=5, capped=True)
        np.testing.assert_allclose([case.pay()[VAL, PRT] for _ in range(4)], [8, 8, 4, 0])

    def test_what_moved_is_divided_by_another_key(self) -> None:
        np.testing.assert_allclose(self.case(schedule=0.5, key="equal").net(), [2, 2, -4])

    def test_park_ploughs_back_and_then_divides_by_equity(self) -> None:
        park = {"parties": ["PRT", "VAL"], "key": "equity", "weights": {"PRT": 0.56, "VAL": 0.44}}
        years = {"plough_back": {YEAR: 1.0, YEAR + 2: 0.0}, "schedule": {YEAR: 0.0, YEAR + 2: 1.0}}
        case = self.case(**park, **years)
        works = []
        paid = []
        for _ in range(4):
            paid.append(case.pay(members="PV")[VAL, PRT])
            works.append(case.state.works_due[VAL])
        np.testing.assert_allclose(works, [8, 8, 0, 0])
        np.testing.assert_allclose(paid, [0, 0, 0.56 * 8, 0.56 * 8])
        assert not case.state.project_due.any()  # it is public capital, unlike joint projects

    def test_works_of_projects_and_zones_add_up(self) -> None:
        case = self.case(plough_back=0.5)
        case.levers.works[VAL], case.levers.grant[VAL] = 3.0, 1.0
        case.levers.sharing = np.zeros((0, 5))
        case.levers.add_contract(case.contracts[0], np.arange(3))
        case.share.update(case.state, case.levers)
        assert (case.state.works_due[VAL], case.state.project_due[VAL], case.state.grant_due[VAL]) == (9.0, 3.0, 1.0)

    def test_who_leaves_neither_pays_nor_receives(self) -> None:
        case = self.case(schedule=0.5)
        np.testing.assert_allclose(case.pay()[VAL, :2], [4, 2])
        np.testing.assert_allclose(case.pay(members="MV")[VAL, :2], [0, 2])
        np.testing.assert_array_equal(case.pay(members="PM"), 0.0)

    def test_statistics_are_divided_like_the_tax(self) -> None:
        """A plant in VAL is credited to MIL by 60 % of half of what it adds, or fully to where it came from."""
        for terms, share in (({"key": "equity", "weights": {"MIL": 0.6, "VAL": 0.4}}, 0.3), ({"key": "origin"}, 0.5)):
            park = {"parties": ["MIL", "VAL"], "hosts": ["VAL"], "covers": "all", "gdp_attribution": 0.5, **terms}
            model = small_model({"tax_sharing": {"start": 2020, "end": 2030, "contracts": {"park": park}}})
            model.step(), model.step(), model.step()
            state, rows = model.state, model.state.cohorts
            before = State.copy(state)
            model.step()
            add = (rows[:, 5] / before.capital[VAL, 1]).sum() * state.value_added[VAL, 1]
            credited = state.attributed_gdp - state.gdp
            np.testing.assert_allclose(credited[:3], [0.0, share * add, -share * add], rtol=1e-9)
            assert add > 0.0


def test_services_follow_people_who_live_away_from_their_register() -> None:
    # MIL and VAL miss 10 and 20 of their people; PRT has 40 guests. MIL spends 3 a head, VAL 2.
    services = contract(base="absent_services", key="guests", schedule=0.5)
    case = Case(
        services, resident_population=rows_of(100, 50, 40), registered_population=rows_of(60, 60, 60),
        city_service=rows_of(500, 150, 80),
    )  # fmt: skip
    np.testing.assert_allclose(case.net(), [0.5 * (30 + 40), -15, -20])
    case.set(resident_population=rows_of(75, 50, 40))  # 15 guests only: half of those who are away are somewhere else
    np.testing.assert_allclose(case.net(), [0.25 * (30 + 40), -7.5, -10])


def test_cost_is_paid_to_where_the_works_are() -> None:
    works = contract(
        base="cost", key="negotiated", schedule=1.0, cost={"MIL": 50.0}, weights={"PRT": 0.6, "MIL": 0.3, "VAL": 0.1}
    )
    np.testing.assert_allclose(Case(works).net(), [-30, 35, -5])
    np.testing.assert_allclose(Case(works).net(members="PM"), [-50 * 2 / 3, 50 * 2 / 3, 0])  # members bear it all


class TestDisputes:
    """Every year 10 is due; it is contested for certain: 80 % is kept back, half of that is upheld two years later."""

    def case(self, probability: float = 1.0, name: str = "c", seeds: tuple[int, int] | None = (1, 0)) -> Case:
        dispute = {"probability": probability, "withheld": 0.8, "delay": 2, "upheld": 0.5}
        terms = {"base": "capacity", "key": "shortfall", "schedule": 1.0, "dispute": dispute, "name": name}
        case = Case(contract(**terms), own_revenue=rows_of(30, 10), resident_population=rows_of(1, 1))
        case.share = Share(case.base, seeds)
        return case

    def test_what_is_kept_back_is_settled_later(self) -> None:
        case = self.case()
        assert [case.pay(members="PM")[PRT, MIL] for _ in range(4)] == pytest.approx([2, 2, 2 + 4, 2 + 4])
        late = case.state.payments[case.state.payments[:, PAYMENT.index("sector")] == ARBITRATION][0]
        assert dict(zip(PAYMENT, late, strict=True)) == pytest.approx(
            {
                "payer": PRT,
                "payee": MIL,
                "sector": ARBITRATION,
                "contract": 0,
                "age": 1,
                "base": 8,
                "rate": 0.5,
                "amount": 4,
            }
        )
        told = case.state.events[:, [EVENT.index(name) for name in ("agreement", "party", "event")]].tolist()
        assert told == [[-1, PRT, EVENTS.index("dispute")], [-1, PRT, EVENTS.index("settled")]]

    def test_what_was_kept_back_is_owed_even_by_who_has_left(self) -> None:
        case = self.case()
        case.pay(members="PM")
        assert [case.pay(members="M")[PRT, MIL] for _ in range(3)] == pytest.approx([0, 4, 0])

    def test_draws_belong_to_seed_year_and_contract(self) -> None:
        def path(**options: Any) -> list[float]:
            case = self.case(0.5, **options)
            return [case.pay(members="PM")[PRT, MIL] for _ in range(12)]

        assert path() == path()
        assert path() != path(seeds=(2, 0))
        assert path() != path(name="d")
        contested = [self.case(0.3, name=str(k)).pay(members="PM")[PRT, MIL] < 5 for k in range(400)]
        assert np.mean(contested) == pytest.approx(0.3, abs=0.07)  # three standard deviations

    def test_without_a_seed_it_is_the_expected_loss(self) -> None:
        assert self.case(0.25, seeds=None).pay(members="PM")[PRT, MIL] == pytest.approx(10 - 0.25 * 8 * 0.5)


@st.composite
def any_contract(draw: st.DrawFn) -> Contract:
    """Contracts of every kind but those on cost, which has no bound."""
    base = draw(st.sampled_from([name for name in BASES if name not in ("cost", *BY_OTHERS)]))
    keys = st.sampled_from([key for key in KEYS if key != "origin"])
    names = draw(st.lists(keys, min_size=1, max_size=2, unique=True))
    return contract(
        base=base,
        key=names[0] if len(names) == 1 else dict.fromkeys(names, 0.5),
        schedule=draw(st.floats(0.0, 1.0)),
        weights={"PRT": 0.5, "MIL": 0.3, "VAL": 0.2},
        head="VAL",
        part=draw(st.sampled_from([{}, {"PRT": 0.3, "MIL": 0.9}])),
        floor=draw(st.sampled_from([0.0, 5.0])),
        cap=draw(st.sampled_from([None, 20.0])),
        indexed=draw(st.sampled_from(["none", "cpi", "gdp"])),
    )


@given(any_contract(), st.sampled_from(["PMV", "PM", "V", "MV"]), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_nobody_pays_more_than_the_base_or_anybody_who_is_no_member(terms: Contract, members: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cohorts = [[PRT, VAL, 1, 0, YEAR - 1, 3.0, 0, 0], [VAL, MIL, 1, 0, YEAR - 2, 2.0, 0, 0]]
    case = Case(terms, cohorts=cohorts, members=members)
    case.set(**{name: rng.uniform(1.0, 9.0, getattr(case.state, name).shape) for name in (
        "value_added", "output", "capital", "seller_weight", "buyer_weight", "own_revenue", "resident_population",
        "registered_population", "city_service", "consumption", "cpi",
    )})  # fmt: skip
    case.state.output[:] = case.state.seller_weight * case.state.buyer_weight.sum(axis=0)
    case.pay()
    paid = case.set(tax=rng.uniform(10.0, 20.0, (5, 3))).pay()
    case.state.year -= 1
    base = rules.BASES[terms.base](rules.Case(terms, 0, case.state, case.levers, case.base, lambda levers: None))
    assert (paid >= 0.0).all()
    assert (paid.sum(axis=1) <= base * (1 + 1e-12) + 1e-12).all()
    outside = [k for k, name in enumerate(CITIES) if name[0] not in members]
    assert not paid[outside].any()
    assert not paid[:, outside].any()
    assert not np.diag(paid).any()


BAD = (
    ({"weights": {"PRT": 0.5, "MIL": 0.4}, "key": "negotiated", "base": "sales_tax"}, "weights sum to 0.9, not to 1"),
    ({"key": {"population": 0.7, "capital": 0.7}, "base": "sales_tax"}, "the parts of the key sum to 1.4, not to 1"),
    ({"key": "negotiated", "base": "sales_tax"}, "key negotiated needs weights"),
    ({"key": "head", "base": "corporate_tax"}, "key head needs head"),
    ({"key": "popolation", "base": "sales_tax"}, "unknown key 'popolation'; did you mean population"),
    ({"base": "income_tax"}, "unknown base 'income_tax'"),
    ({"base": "sales_tax", "key": "origin"}, "only moved capital has an origin"),
    ({"schedule": 1.2}, "1.2 is above 1"),
    ({"schedule": {2021: -0.1}}, "-0.1 is not between 0 and 1"),
    ({"schedule": 0.7, "plough_back": 0.4}, "schedule and plough_back claim 1.1 of the base"),
    ({"schedule": {2021: 0, 2024: 1}, "plough_back": {2021: 1, 2025: 0}}, "claim 2 of the base"),
    ({"start": 2025, "end": 2024}, "ends in 2024, before it begins in 2025"),
    ({"end": 2019}, "ends in 2019, before it begins in 2020"),
    ({"floor": 5, "cap": 4}, "cap of 4 is below the floor of 5"),
    ({"term": 5, "base": "sales_tax", "key": "equal"}, "term is for base moved_tax, not for sales_tax"),
    ({"capped": True, "key": "equal"}, "capped goes with key origin"),
    ({"key": "shortfall", "base": "capacity", "revised_every": 3}, "cannot be kept for 3"),
    ({"parties": ["PRT"]}, "has 1 parties"),
    ({"parties": ["PRT", "XYZ"]}, "unknown region 'XYZ'"),
    ({"parties": ["PRT", "ROC"]}, "ROC is not a city"),
    ({"hosts": ["VAL"], "parties": ["PRT", "MIL"]}, "VAL is in hosts but is no party"),
    ({"sectors": ["XXX"]}, "unknown sector 'XXX'"),
    ({"dispute": {"probability": 2}}, "2 is above 1"),
    ({"start": 2018}, "begins before the base year 2019"),
    ({"shedule": 0.5}, "unknown key; did you mean schedule"),
)  # fmt: skip


@pytest.mark.parametrize(("terms", "message"), BAD)
def test_a_bad_contract_gets_one_clear_message(terms: Mapping[str, Any], message: str) -> None:
    row = {"parties": THREE, "schedule": 0.5} | dict(terms)
    with pytest.raises(InputError, match="(?s)" + message.replace(".", r"\.")) as error:
        small_model({"tax_sharing": {"start": 2020, "end": 2030, "contracts": {"bad": row}}}).run()
    assert "bad" in str(error.value)
    assert "\n" not in str(error.value)


class TestSeveralContracts:
    EQUAL = {"parties": "all", "base": "capacity", "key": "shortfall"}

    def judge(self, contracts: Mapping[str, Any], **more: Any) -> RunConfig:
        sharing = {"start": 2020, "end": 2030, "contracts": contracts, **more}
        return RunConfig.judge({"policies": {"tax_sharing": sharing}})

    def test_claims_above_the_whole_base_are_refused_where_they_meet(self) -> None:
        one, two = {**self.EQUAL, "schedule": 0.6}, {**self.EQUAL, "schedule": {2025: 0.5}}
        with pytest.raises(InputError, match=r"one and two claim 1\.1 of the capacity of every party in 2025"):
            self.judge({"one": one, "two": two})
        self.judge({"one": {**one, "end": 2024}, "two": two})
        self.judge({"one": one, "two": {**two, "base": "sales_tax", "key": "equal"}})
        self.judge({"one": one, "two": two}, in_force=["two"])
        tax = {"base": "sales_tax", "key": "equal", "schedule": 0.6}
        pairs = {"one": {**tax, "parties": ["PRT", "MIL"]}, "two": {**tax, "parties": ["MIL", "VAL"]}}
        with pytest.raises(InputError, match="of the sales_tax of MIL in 2020"):
            self.judge(pairs)
        self.judge({name: {**row, "part": {"MIL": 0.5}} for name, row in pairs.items()})
        self.judge({"one": {**pairs["one"], "sectors": ["MAN"]}, "two": {**pairs["two"], "sectors": ["SRV"]}})

    def test_a_name_that_no_contract_has(self) -> None:
        with pytest.raises(InputError, match="no contract is called twoo; did you mean two"):
            self.judge({"two": {**self.EQUAL, "schedule": 0.5}}, in_force=["twoo"])

    @pytest.mark.parametrize("first", ["industry_transfer", "tax_sharing"])
    def test_two_contracts_cannot_share_the_tax_of_the_same_plant(self, first: str) -> None:
        plants = {"parties": ["PRT", "VAL"], "hosts": ["VAL"], "schedule": 0.5, "term": 5}
        sharing = {"start": 2020, "end": 2030, "contracts": {"plants": plants}}
        both = {"industry_transfer": TRANSFER, "tax_sharing": sharing}
        policies = {name: both[name] for name in sorted(both, key=lambda name: name != first)}
        with pytest.raises(InputError, match="cover moves between the same cities"):
            small_model(policies).run()
        policies["industry_transfer"] = TRANSFER | {"origin_share": 0.0}
        found, usual = small_model(policies), small_model({"industry_transfer": TRANSFER})
        found.run(), usual.run()
        for name in usual.record.arrays:  # the same contract under another policy
            np.testing.assert_array_equal(found.record[name], usual.record[name], err_msg=name)
        assert usual.record["shared_revenue"][-1, PRT] > 0.0


def test_transfers_have_a_row_for_every_payment() -> None:
    from sim.experiments.run import run_scenario  # heavy

    values = {
        "scenario": "test",
        "horizon": 2027,
        "world": {"dataset": "three_cities"},
        "policies": {"tax_sharing": SHARING},
    }
    run = run_scenario(RunConfig.judge(values), reference=False)
    table = run.transfers[run.transfers["contract"] != ""]
    words = {(row.contract, row.rule, row.tax) for row in table.itertuples()}
    assert words == {
        ("zone", "increment", "local"), ("firm", "head_office", "corporate"), ("blend", "destination", "vat"),
        ("equalisation", "equalisation", ""), ("services", "carried_services", ""), ("park", "relocation", "local"),
        ("park", "arbitration", "local"),
    }  # fmt: skip
    np.testing.assert_allclose(table["rate"] * table["base"], table["amount"], rtol=1e-12)
    assert set(table["payee"]) | set(table["payer"]) == {*CITIES, "ROC"}
    sums = [table.pivot_table("amount", "year", side, "sum", observed=True) for side in ("payee", "payer")]
    shared = run.cities.pivot_table("shared_revenue", "year", "region", observed=True)
    received, paid = (found.reindex_like(shared).fillna(0.0) for found in sums)
    np.testing.assert_allclose(received - paid, shared, rtol=1e-9, atol=1e-9)
    events = run.agreements
    assert {"dispute", "settled"} <= set(events.loc[events["agreement"] == "park", "event"])
    assert set(events.loc[events["event"] == "signed", "agreement"]) == set(SHARING["contracts"])


PRESETS = ("relocation", "referral", "zone", "head_office", "blend", "equalisation", "park", "services")


@cache
def real() -> BaseYear:
    return calibrate(World.load("yangtze_delta"))


@pytest.mark.parametrize("preset", PRESETS)
def test_books_close_under_every_preset_on_the_real_data(preset: str) -> None:
    overrides = [f"policies.tax_sharing.in_force=[{preset}]", "check_identities=true", "horizon=2024"]
    policies = "tax_sharing"
    if preset == "relocation":
        policies = "industry_transfer,tax_sharing"
        overrides.append("policies.industry_transfer.origin_share=0")
    if preset == "head_office":
        overrides.append("policies.tax_sharing.contracts.head_office.part={310000: 0.4, 320100: 0.3, 330200: 0.2}")
    if preset == "park":
        overrides += [f"policies.tax_sharing.contracts.park.{name}=0.5" for name in ("plough_back", "schedule")]
    model = Simulation(compose("baseline", [f"+policies=[{policies}]", *overrides]), base=real())
    model.run()
    assert max(identities(model.record, model.base).values()) <= ALLOWED
    shared = model.record["shared_revenue"]
    assert np.abs(shared).max() > 0.0
    assert np.abs(shared.sum(axis=1)).max() < 1e-9 * np.abs(shared).max()


def test_the_shipped_rows_are_the_kinds_there_are() -> None:
    config = compose("baseline", ["+policies=[tax_sharing]"])
    assert tuple(config.policies["tax_sharing"].contracts) == PRESETS


def test_an_agreement_binds_its_members_only() -> None:
    """VAL stays out: what it would receive is not paid, and PRT and MIL share among themselves."""
    terms = {"parties": "all", "base": "capacity", "key": "shortfall", "schedule": 0.5}
    sharing = {"start": 2020, "end": 2030, "contracts": {"equalisation": terms}, "members": ["PRT", "MIL"]}
    model = small_model({"tax_sharing": sharing})
    model.run()
    shared = model.record["shared_revenue"]
    assert not shared[:, VAL].any()
    assert (shared[2:, MIL] > 0.0).all()
