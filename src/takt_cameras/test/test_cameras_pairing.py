"""Colour and depth of one moment find each other."""

from takt_cameras.pairing import Pairing


def test_equal_stamps_are_paired_in_either_order():
    pairing = Pairing(16.0)
    assert pairing.push_first(0.0, "c0") == []
    assert pairing.push_second(0.0, "d0") == [("c0", "d0")]
    assert pairing.push_second(33.0, "d1") == []
    assert pairing.push_first(33.0, "c1") == [("c1", "d1")]
    assert pairing.unpaired == 0


def test_a_slower_second_is_used_only_when_it_is_near():
    pairing = Pairing(16.0)
    pairs = []
    for index in range(6):
        stamp = index * 33.0
        if index % 2 == 0:
            pairs += pairing.push_second(stamp + 2.0, f"d{index}")
        pairs += pairing.push_first(stamp, f"c{index}")
    assert pairs == [("c0", "d0"), ("c2", "d2"), ("c4", "d4")]
    assert pairing.unpaired == 2


def test_the_nearest_second_is_taken():
    pairing = Pairing(16.0)
    pairing.push_first(20.0, "c")
    pairing.push_second(9.0, "far")
    assert pairing.push_second(22.0, "near") == [("c", "near")]


def test_a_second_that_stops_costs_bounded_memory():
    pairing = Pairing(16.0, capacity=4)
    for index in range(20):
        assert pairing.push_first(33.0 * index, index) == []
    assert pairing.unpaired == 16
