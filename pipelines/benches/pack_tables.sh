# Sources of what generate_pack.py writes, to be sourced after common.sh; $tables names them.
# source_table NAME: a source of NAME.csv; the [[table]] comes from standard input.
source_table() {
  source_file "$1" "$1.csv"
  sed -i 's/^kind = "csv"$/kind = "csv"\ndelimiter = "|"/' "$work/config/sources/$1.toml"
}
source_table institutions <<'TOML'
entity = "institution"
[table.fields]
reg_no = "reg_no"
name = "name"
kind = "kind"
website = "website"
TOML
source_table services <<'TOML'
entity = "service"
[table.fields]
code = "code"
name = "name"
kind = "kind"
audience = { column = "audience", split = [";"] }
request_channels = { column = "channels", split = [";"] }
expected_time = "expected"
statutory_time = "statutory"
manager_name = "manager"
manager_email = "email"
description = "description"
annual_requests = "annual"
owner_reg_no = "owner"
digital_level = "level"
group_code = "group"
themes = "theme"
deep_link = "deep_link"
appeal_channels = "appeal"
TOML
source_table life-events <<'TOML'
entity = "life_event"
[table.fields]
code = "code"
name = "name"
TOML
source_table needs <<'TOML'
entity = "need"
[table.fields]
code = "code"
name = "name"
life_event_code = "life_event"
TOML
source_table resources <<'TOML'
entity = "resource"
[table.fields]
code = "code"
name = "name"
kind = "kind"
owner_reg_no = "owner"
TOML
source_table need-service <<'TOML'
entity = "need_service"
[table.fields]
need_code = "need"
owner_reg_no = "owner"
service_code = "service"
TOML
source_table service-resource <<'TOML'
entity = "service_resource"
[table.fields]
owner_reg_no = "owner"
service_code = "service"
resource_code = "resource"
TOML
source_table applications <<'TOML'
entity = "application"
[table.fields]
code = "code"
service_code = "service"
owner_reg_no = "owner"
kind = "kind"
url = "url"
TOML
source_table offers <<'TOML'
entity = "catalogue_entry"
[table.fields]
catalogue = "catalogue"
entry_id = "entry"
name = "name"
service_codes = "services"
TOML
source_table portfolio <<'TOML'
entity = "portfolio"
[table.fields]
reg_no = "reg_no"
item = "item"
service_code = "service"
since = "since"
TOML
tables='"institutions", "services", "life-events", "needs", "resources", "need-service", "service-resource", "applications", "offers", "portfolio"'
