"""Bills of materials: what is in a package, by version and licence, the same bytes each time."""

import json
import zipfile

from challengeflow import bill


def test_a_bill_lies_beside_what_it_is_of(tmp_path):
    (tmp_path / "mood-mine.tar").write_bytes(b"content")
    path = bill.write_bill(tmp_path / "mood-mine.tar", "mood-mine", "1", ["pluggy==1.7.0", "no-such-package==1"])
    assert path == tmp_path / "mood-mine.cdx.json"
    read, before = json.loads(path.read_text()), path.read_bytes()
    assert (read["bomFormat"], read["specVersion"]) == ("CycloneDX", "1.6")
    assert len(read["metadata"]["component"]["hashes"][0]["content"]) == 64
    by_name = {each["name"]: each for each in read["components"]}
    assert by_name["pluggy"]["purl"] == "pkg:pypi/pluggy@1.7.0" and "MIT" in str(by_name["pluggy"]["licenses"])
    assert "licenses" not in by_name["no-such-package"]
    bill.write_bill(tmp_path / "mood-mine.tar", "mood-mine", "1", ["no-such-package==1", "pluggy==1.7.0"])
    assert path.read_bytes() == before


def test_a_wheel_has_one_of_what_it_requires(tmp_path):
    with zipfile.ZipFile(tmp_path / "a-1.0-py3-none-any.whl", "w") as wheel:
        required = "Requires-Dist: pluggy\nRequires-Dist: PyYAML>=6\nRequires-Dist: torch; extra == 'torch'\n"
        wheel.writestr("a-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: a\nVersion: 1.0\n{required}")
    (tmp_path / "constraints.txt").write_text("pluggy==1.7.0\npyyaml==6.0.3\ntorch==2.13.0\n")
    bill.main([str(tmp_path / "constraints.txt"), str(tmp_path / "a-1.0-py3-none-any.whl")])
    read = json.loads((tmp_path / "a-1.0-py3-none-any.cdx.json").read_text())
    assert [each["purl"] for each in read["components"]] == ["pkg:pypi/pyyaml@6.0.3", "pkg:pypi/pluggy@1.7.0"]
