"""The demo's folder: what is in it, and that nothing of anybody else is lost."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from audiencesync.demo.salesforce import Greeting
from audiencesync.demo.sample import HIGH_VALUE
from audiencesync.errors import UsageError

_MARK = "# The demo of audiencesync:"
_OURS = ("audiencesync.yaml", "audiences.duckdb", "audiences.duckdb.wal", "consumer_key.txt")
_OUR_FOLDERS = ("data", "salesforce", "audiences.duckdb.tmp")

_CONFIG = f"""\
{_MARK} customers of a shop become Leads in a local Salesforce.
version: 1

store: ./audiences.duckdb                 # state and ledger of both runs

connection:
  login_url: {{login_url}}
  ca_bundle: ./salesforce/ca.pem          # the local Salesforce made its own certificate
  auth:
    method: jwt_bearer
    consumer_key: ${{{{file:./consumer_key.txt}}}}        # secrets stand in files or in ${{{{env:NAME}}}}
    username: {{username}}
    private_key: ${{{{file:./salesforce/{{private_key}}}}}}

source:
  profiles:
    from: read_csv('data/customers.csv')
    key: user_id
  memberships:
    from: read_csv('data/memberships.csv')
    key: user_id
    audience: audience

audiences:                                # by rule; the others are named in memberships.csv
  high_value:
    where: lifetime_value >= {HIGH_VALUE}

syncs:
  - name: leads
    object: Lead
    match_field: Email
    audiences: [newsletter, spring_sale, product_news, beta_testers, loyalty_club, high_value]
    send_audiences_to: Audiences__c
    send_scores_to: {{{{field: Scores__c, scores: [score_recency, score_frequency]}}}}
    send_affinities_to: {{{{field: Affinities__c, from: affinities, top: 3}}}}
    required_fields:
      LastName: last_name
      Company: {{{{from: company, default: "n/a"}}}}         # Salesforce wants a company on every Lead
      Email: email
    extra_fields:
      FirstName: first_name
      Title: title                        # sent along, but no trigger
      Phone: {{{{from: phone, on_null: skip}}}}
      Country: country
      LeadSource: {{{{value: Web}}}}
    trigger_fields: [first_name, last_name, email, phone, lifetime_value]
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the demo puts everything."""

    path: Path

    @property
    def config(self) -> Path:
        """The config file."""
        return self.path / "audiencesync.yaml"

    @property
    def data(self) -> Path:
        """The shop's data."""
        return self.path / "data"

    @property
    def salesforce(self) -> Path:
        """Keys, certificates and records of the local Salesforce."""
        return self.path / "salesforce"

    def clear(self) -> None:
        """Make the folder, or take away what an earlier demo left in it.

        Raises:
            UsageError: There is something in it that no demo made.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is not a folder", hint="name another with --output")
        if not self._free():
            raise UsageError(
                f"{self.path} is not empty, and no demo made it",
                hint="name another folder with --output; the demo makes it",
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in _OUR_FOLDERS:
                shutil.rmtree(self.path / name, ignore_errors=True)
            for file in (*(self.path / name for name in _OURS), *self.path.glob("audit-*.html")):
                file.unlink(missing_ok=True)
            # a demo that ends before it has a config has made the folder all the same
            self.config.write_text(f"{_MARK} it has not come to its end.\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"{self.path} cannot be made: {error.strerror}", hint="name another folder with --output"
            ) from error

    def write_config(self, org: Greeting) -> None:
        """Write the config and the one secret that the emulator does not keep in a file."""
        key = self.path / "consumer_key.txt"
        key.touch(mode=0o600)
        key.write_text(org.consumer_key + "\n", encoding="utf-8")
        text = _CONFIG.format(
            login_url=org.login_url, username=org.username, private_key=org.private_key_file.name
        )
        self.config.write_text(text, encoding="utf-8")

    def _free(self) -> bool:
        if not self.path.exists() or not any(self.path.iterdir()):
            return True
        return self.config.is_file() and self.config.read_text(encoding="utf-8").startswith(_MARK)
