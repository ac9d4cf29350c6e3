"""Claims: a company that a mail names, held against the domain it comes from."""

import pytest

from tests.unit.test_signals import claims, names


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("ha1denmarine.example", "I write for Halden Marine Ltd about a post."),
        ("haldenmarlne.example", "I write for Halden Marine Ltd about a post."),
        ("halden-rnarine.example", "Halden Marine Services Ltd is hiring."),
        ("haldenmarin.example", "At Halden Marine Ltd we are hiring."),
        ("mue11er-bau.example", "Die Müller Bau GmbH sucht Sie."),
        ("brasserie-dupomt.example", "La société Brasserie Dupont SARL recrute."),
        ("aceites0lmedo.example", "Escribo de Aceites Olmedo S.L. por un puesto."),
        ("vinhosdodour0.example", "A Vinhos do Douro Lda procura pessoas."),
        ("siernens.example", "Siemens Energy GmbH hat eine Stelle."),
    ],
)
@pytest.mark.parametrize("result", ["pass", "none"])
def test_a_domain_that_looks_like_the_company_named_is_a_lookalike(domain: str, text: str, result: str) -> None:
    found = names(claims(domain, text, result))
    assert "company_lookalike" in found
    assert not found & {"company_in_domain", "company_in_domain_unproved", "company_elsewhere"}


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("haldenmarine.example", "Halden Marine Ltd"),
        ("halden-marine.example", "Halden Marine Ltd"),
        ("halden.example", "Halden Marine Ltd"),
        ("kestrelfood.example", "Kestrel Foods Ltd"),
        ("muellerbau.example", "Müller Bau GmbH"),
        ("mullerbau.example", "Müller Bau GmbH"),
        ("bright-recruiting.example", "We hire for Halden Marine Ltd."),
        ("hays.example", "We hire for Bays Ltd."),
    ],
)
def test_a_company_or_its_recruiter_is_no_lookalike(domain: str, text: str) -> None:
    assert "company_lookalike" not in names(claims(domain, text, "pass"))
