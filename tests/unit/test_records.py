"""References that are made when they are asked for behave as a list of them does."""

from array import array

from triage.records import MessageRef, Refs, Uid, UidValidity


def make(uid: int) -> MessageRef:
    return MessageRef("home", "INBOX", UidValidity(7), Uid(uid))


def test_references_made_on_demand_are_like_a_list_of_them() -> None:
    wanted = [make(uid) for uid in (3, 5, 4_294_967_295)]
    refs = Refs(array("Q", [3, 5, 4_294_967_295]), make)
    assert refs == wanted
    assert wanted == refs
    assert (len(refs), refs[0], refs[-1], list(refs)) == (3, wanted[0], wanted[-1], wanted)
    assert refs[1:] == wanted[1:]
    assert wanted[1] in refs
    assert refs != wanted[:2]
    assert refs != "abc"
    assert not Refs([], make)
