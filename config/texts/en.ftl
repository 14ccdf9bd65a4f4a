# Every sentence that vienkop says to people. They may be reworded here; where one is absent, the built-in one serves.
# The variables { $… } are the same in both languages.

### Findings: files

F001-title = No such file
F001-message = Not found: "{ $value }".
F001-remedy = Check that the file is in the agreed folder and that its name has not changed.
F001-explain = The source's configuration ([fetch]) names a file, a folder or a member of an archive that cannot be found. Nothing of this source is loaded, the registry keeps the previous delivery. The usual cause is a renamed file; the nearest names found are in the hint.

F002-title = Empty file
F002-message = There is no data in the file.
F002-remedy = Export again and check that there are rows in the file.
F002-explain = The file has no bytes, or only blank lines. An empty file is never taken as the news that everything was closed: nothing is loaded from it, and what the registry holds stays as it is.

F003-title = Header only
F003-message = There is no row below the column headers.
F003-remedy = Check that the selection of the export is not too narrow, and send the file again.
F003-explain = The file is readable and its header was found, but there are no records. In a snapshot that would mean retiring every record of the source, so the load waits for approval.

F004-title = Unexpected content
F004-message = The file is not what it claims to be: { $value }.
F004-remedy = Send the data file itself, not a download page or a file whose ending was changed.
F004-explain = What is in the file fits neither its name nor the source's configuration, for instance a web page saved as .xlsx. This happens when a login expired during the download, or when an ending was changed by hand. Nothing is loaded from the file.

F005-title = Damaged file
F005-message = The file is damaged or breaks off; it cannot be read to its end.
F005-remedy = Open the file in the program that made it, save it again and send it once more.
F005-explain = The file could not be read to its end: a part is missing, or the rules of its format are broken. Half a delivery is never loaded, because the missing records would then count as closed. The registry keeps what it had.

F006-title = XML with a document type
F006-message = The XML file has a document type declaration (DOCTYPE); such files are refused for safety.
F006-remedy = Set up the export so that the XML has no DOCTYPE line.
F006-explain = A document type can declare entities that grow to gigabytes while being read, or that open other files. Data exchange has no need of it, so files that carry one are refused.

F007-title = Safety limit exceeded
F007-message = A safety limit is exceeded: at most { $expected } (setting { $hint }).
F007-remedy = Check that this is the right file; if it has to be that large, ask whoever runs vienkop to raise the setting.
F007-explain = Every file may ask for so much and no more: bytes, columns, length of a field, depth of nesting, compression of an archive. This protects from archives that inflate without end and from sheets filled by accident. The limits stand in [limits] of config/vienkop.toml.

F008-title = Wrong encoding
F008-message = The bytes of the file do not fit its character encoding.
F008-remedy = Save the file as UTF-8, or tell whoever runs vienkop which encoding it has.
F008-explain = The character encoding says which bytes are which letters. When the declared or detected one does not fit, Latvian letters would turn into others, so the file is not loaded. The encoding is declared in [format] of the source's configuration as "encoding".

F009-title = Garbled letters
F009-message = Latvian letters were garbled before the export ({ $value }).
F009-remedy = Find the step that converts the texts wrongly, and export again.
F009-explain = The texts have characters such as "â", "è" and "ð" in place of "ā", "č" and "š". That happens when a windows-1257 text was once read as windows-1252 and stored like that. The records are loaded as they are, since the letters can be restored safely at the source only.

F010-title = Table not found
F010-message = The sheet, header row or record path that the source's configuration names is not in the delivery.
F010-remedy = Check that the sheet was not renamed and the table's layout did not change; if it did, tell whoever runs vienkop.
F010-explain = [table.read] of the source's configuration says on which sheet, in which row or under which XML or JSON path the data is. This delivery has no such place. Nothing is loaded from the table, the registry keeps what it had. The nearest names found are in the hint.

F011-title = Password-protected
F011-message = The file is protected with a password.
F011-remedy = Take the password off and send the file through a safe channel.
F011-explain = A protected file is encrypted and cannot be read without its password. vienkop keeps no passwords of files.

F012-title = Assumption
F012-message = Assumed: { $expected } is "{ $value }".
F012-remedy = If the assumption is right there is nothing to do; to keep it from changing, write it into the source's configuration.
F012-explain = What the source's configuration does not say (encoding, delimiter, header row) is settled by looking at the file. Every such assumption is shown. Written into the configuration as the hint shows, it makes the next deliveries be read in exactly the same way.

F013-title = Unused column
F013-message = No field is taken from the column "{ $column }".
F013-remedy = If the column holds something the registry needs, tell whoever runs vienkop.
F013-explain = The delivery has a column that the source's configuration does not mention. That is no mistake, but a new column often means that the institution began to record something new.

F014-title = Missing column
F014-message = The delivery has no column "{ $column }".
F014-remedy = Check that the column was not renamed or deleted.
F014-explain = The source's configuration names a column that this delivery lacks. A missing column is not the same as an empty cell: the field stays in the registry as it was. If the column was renamed, the configuration can name both headers.

F015-title = Reading broke off
F015-message = Reading broke off, and the fault is not in the file: { $value }.
F015-remedy = Run the source again; if it happens again, give this message and the file to those who look after vienkop.
F015-explain = The file could not be read to its end because the disk, a network share or the program itself failed, not because the file is damaged. Nothing of this source is loaded, the registry keeps the previous delivery; the other sources go on.

F016-title = No access
F016-message = "{ $value }" is in its place, but may not be read.
F016-remedy = Give the user that runs vienkop the right to read this file and its folder.
F016-explain = The file or folder that the source's configuration ([fetch]) names was found, but the operating system does not let it be opened. Nothing of this source is loaded, the registry keeps the previous delivery.

### Findings: rows

R001-title = Row too short
R001-message = Cells in the row: { $value }, columns: { $expected }.
R001-remedy = Check that the row is not broken in two and no delimiter was deleted.
R001-explain = A row of a text file has fewer cells than there are columns. The missing cells at its end are taken as empty and the row is loaded.

R002-title = Row too long
R002-message = Cells in the row: { $value }, columns: { $expected }.
R002-remedy = Put text that contains the delimiter into quotes, or delete the surplus cells.
R002-explain = A row of a text file has more cells than there are columns. Mostly the delimiter got into a text without quotes, and every cell after it has moved. Which value belongs to which column is not known, so this one row is quarantined; the others are loaded.

R003-title = Quote left open
R003-message = A quote is opened and never closed.
R003-remedy = Close the quote, or double it if it is part of the text.
R003-explain = In CSV, quotes hold the text of a cell together. One left open would swallow the rest of the file as a single cell. So only this row is quarantined, and reading goes on with the next.

R004-title = Control characters
R004-message = The row has control characters that no text may have.
R004-remedy = Delete the invisible characters in the source system and export again.
R004-explain = NUL bytes and other control characters are usually the trace of a damaged export or a broken transfer. Such a row is quarantined, so that no damaged text gets into the registry.

R005-title = Error in an Excel cell
R005-message = The cell holds the Excel error { $value }.
R005-remedy = Mend the formula or enter the value.
R005-explain = The cell has a formula that ends in an error (#REF!, #N/A, #DIV/0! and so on). There is no value; where a field is mapped from the cell, V023 says what follows.

R006-title = Formula without a value
R006-message = The cell's formula has no calculated value.
R006-remedy = Open the workbook in Excel, recalculate (F9) and save it.
R006-explain = A workbook keeps the last values of its formulas beside them. If another program made the file and Excel never saved it, there are none; where a field is mapped from the cell, V023 says what follows. vienkop does not calculate formulas.

R007-title = Not a record
R007-message = A record should be here, but there is none.
R007-remedy = Check how the export is made: every record has to be an object or a line of its own.
R007-explain = In JSON every record is an object: an element of an array or a line (NDJSON). Here is something else: a line that is no JSON, or an element that is no object. It alone is quarantined; the other records are loaded.

### Findings: the network

N001-title = Server not reached
N001-message = The server gave no answer: { $value ->
        [name] its name is not known to the name service
        [connect] nothing accepts connections at this address and port
        [time] it took longer than allowed
        [tls] no encrypted connection could be agreed on
        [broke] the connection broke off in the middle
       *[other] { $value }
    }.
N001-remedy = Check that the server is up and that this machine may reach it (name, port, firewall); then run the source again.
N001-explain = The request was tried as often as "attempts" in [fetch.server] says, with growing pauses between. Nothing of this source is loaded and its cursor stays; pages that were received stay in the landing zone and the next run goes on from them. Proxies named in the environment are not used: the server must be reached directly.

N002-title = Certificate not valid
N002-message = The certificate of { $value } does not prove who the server is: { $expected ->
        [expired] it has expired
        [early] it is not valid yet
        [issuer] its issuer is not trusted
        [name] it was issued for another name
       *[other] it cannot be accepted
    }.
N002-remedy = Ask the server's owner for a valid certificate; if the institution has an authority of its own, name the file with its certificate as "ca_file" in [fetch.server].
N002-explain = The connection is encrypted, but without a valid certificate nobody knows with whom, and secrets would go to whoever answered. So nothing was asked. There is no setting that switches this check off; an authority of the institution's own is trusted by "ca_file".

N003-title = Login refused
N003-message = The server does not accept our credentials: { $value }.
N003-remedy = Check the secret that [fetch.server] auth names: whether it is still valid, belongs to this server and was copied whole.
N003-explain = The server answered that it does not know us (401), or the login brought no token. Where a token is got by logging in, that was tried once more. Nothing of this source is loaded, the registry keeps what it had. The words of the server are shown without any secret.

N004-title = No permission
N004-message = The server knows us, but does not let us read this: { $value }.
N004-remedy = Ask the system's administrator to let the account of vienkop read what the request asks for.
N004-explain = The server answered 403: the credentials are right, the rights are not enough. Nothing of this source is loaded, the registry keeps what it had.

N005-title = The server answers with a failure
N005-message = The server answered { $value }.
N005-remedy = Show the request and the answer to those who look after the server; run the source again when it is mended.
N005-explain = The status of the answer is neither a success nor a refusal to let us in. Failures that may pass (500, 502, 503, 504, 429 and the like) were tried again as often as "attempts" in [fetch.server] says, after the time that the server asked for. Nothing of this source is loaded, the cursor stays, and what has landed stays.

N006-title = Not data
N006-message = The answer is not JSON, though the server says that all went well. It begins: { $value }.
N006-remedy = Open the address in a browser: usually it is a login page or a notice of a proxy. Correct the address or the credentials in [fetch.server].
N006-explain = JSON was asked for and something else came: a page for people, nothing at all, or a compression that was not asked for. Such an answer is never taken for an empty list. Nothing of this source is loaded.

N007-title = Pages without end
N007-message = The list does not come to an end: { $value ->
        [page] the same page came again
        [link] the same link to the next page came again
        [idle] page after page brings nothing new
        [pages] there are more than { $expected } pages
       *[other] { $value }
    }.
N007-remedy = Check [fetch.paging] against the documentation of the system; if there really are so many pages, raise "pages".
N007-explain = A page that brought nothing new came again, or there are more pages than "pages" allows. That happens when a system does not know the parameter of the page and answers with the first one each time. Nothing of this source is loaded, since nobody knows what is missing.

N008-title = Answer too large
N008-message = The answer is larger than allowed: { $expected } bytes at most (setting { $hint }).
N008-remedy = Ask for smaller pages; if one answer really has to be so large, raise the setting in [fetch.server].
N008-explain = What counts is the size after it was inflated, so that a small compressed answer cannot fill the memory. Reading stopped at the limit, and nothing of this source is loaded.

N009-title = Host not allowed
N009-message = An address leads to { $value }, which may not be reached: { $expected ->
        [link-local] it is a link-local address
        [scheme] only http and https are spoken, and never http where the server itself has https
       *[other] the configuration does not name this host and port
    }.
N009-remedy = If the host belongs to the source, add it to "hosts" in [fetch.server]; a redirect to a login page means that the credentials are not good. Link-local addresses are never reached.
N009-explain = Only the host of "url" and those in "hosts" are spoken to, whatever a redirect or a link in an answer says; otherwise a server could have vienkop fetch from inside the network what it cannot see itself. Link-local addresses (169.254.0.0/16, fe80::/10), where clouds keep the keys of a machine, are refused even when a name resolves to one. Nothing was sent there.

N010-title = Record no longer there
N010-message = The record { $key } from the list could not be read (the system's answer: { $value }).
N010-remedy = Nothing to do if it was deleted; otherwise check whether the account of vienkop may read it.
N010-explain = Between the list and the request for the record itself it was deleted or moved, or the system cannot give it. The record is left out of this delivery, and what the registry holds of it stays. If the system did not say that it is gone, the cursor does not move, so that it is asked for again; codes that mean "gone" are named in "gone" of [fetch.errors].

N011-title = Fewer records than promised
N011-message = The server promised { $expected } records and gave { $value }.
N011-remedy = Run the source again; if it happens again, check paging and the rights of the account of vienkop.
N011-explain = The system tells how many records there are, and the pages ended before that. Such a delivery is not whole: records would seem deleted that are not. Nothing of it is loaded.

N012-title = The system reports a failure
N012-message = The system answered with a failure of its own: { $value }.
N012-remedy = Look the code up in the documentation of the system, or show it to its administrator.
N012-explain = Some systems answer that all went well (200) and put the failure into the content. It is recognised by [fetch.errors]. Nothing of this source is loaded.

N013-title = Secret or certificate missing
N013-message = { $expected ->
        [env] The environment variable { $value } is not set or is empty.
        [file] The file "{ $value }" cannot be read or is empty.
        [letters] The value in { $value } has characters that cannot be sent in a header.
       *[certificate] The file "{ $value }" holds no certificate that can be read (PEM is needed).
    }
N013-remedy = Set what the source's configuration names, for the user that runs vienkop, and run the source again.
N013-explain = Secrets never stand in the configuration; it names an environment variable or a file (for auth in [fetch.server]), and a file with certificates (for ca_file). What is named was not there. Nothing was asked of the server.

N014-title = Nothing recorded
N014-message = The recorded answers in "{ $value }" have none to this request.
N014-remedy = Record the conversation again, or add the exchange to the folder by hand.
N014-explain = The source runs from recorded answers ("recorded" in [fetch]), and the server itself is not asked. Method, path, parameters and body of a request must be those of an exchange; the order of parameters does not matter. The hint shows the nearest exchange.

N015-title = Gaps in the history
N015-message = The log of changes of { $key } is not whole: "{ $value }" where "{ $expected }" was to be expected.
N015-remedy = Usually there is nothing to do: states that the system did not log cannot be had. If there are many, ask the system's administrator about its log.
N015-explain = A change in the log begins with another state than the one that the change before ended with, or the last one is not the state that the record has now. The states that the log does tell are loaded; times in the states between are not known.

N016-title = Window full
N016-message = In { $value } there are more records than the { $expected } that the server gives at once.
N016-remedy = Raise the ceiling of the server, or narrow the request down.
N016-explain = The system has no paging, so its records are asked for by time of change, in windows that are halved as long as they come back full. This one is as short as can be and still full, so records may be missing. Nothing of this source is loaded.

N017-title = Not in the look-up list
N017-message = The list "{ $field }" has no value { $value }.
N017-remedy = If the value was deleted in the system, nothing can be done; otherwise check whether the account of vienkop sees the whole list.
N017-explain = Systems keep ids in place of names in their records and logs, and the names in lists beside. This id is not in its list, so it is loaded as it stands.

N018-title = The server's clock is wrong
N018-message = The clock of the server and that of this machine differ by { $value }.
N018-remedy = Check the time synchronisation of both.
N018-explain = Times that the system writes may be wrong by so much. Nothing is lost by it: the cursor is the latest time of change in the records themselves, never later than the server's own time when the fetch began, and never the time of this machine.

N019-title = Not recorded
N019-message = The answer cannot be recorded without the personal data in it: { $value }.
N019-remedy = Record a source without personal data, or make its exchanges by hand.
N019-explain = When a conversation is recorded, members that hold personal data become pseudonyms. In JSON they can be found; in an answer of another kind they cannot, and it is not written down.

N020-title = Answer without what is looked for
N020-message = The answer does not have what the configuration looks for in it ({ $expected }); it begins: { $value }
N020-remedy = Compare the answer with what the target's file says (JSON Pointer) and mend that; if the answer is not whole, ask those who keep the system.
N020-explain = The system took the request, but its answer lacks what has to be known to go on: the id that it gave, the record that was asked for, or a word on each record that was sent. This never counts as a yes, nor as the record not being there.

### Findings: values

V001-title = Required value missing
V001-message = The required field "{ $field }" is empty.
V001-remedy = Fill in the cell.
V001-explain = Without this field the record cannot exist: it is not known what it is or whose. The record is quarantined; if the registry had it already, the previous version stays.

V002-title = Due value missing
V002-message = The field "{ $field }" is empty and should not be.
V002-remedy = Fill in the cell; if it does not apply to the record, write "nav attiecināms".
V002-explain = The field is asked for by law or good practice. The record is accepted but counts as incomplete. "Nav attiecināms" (not applicable) is an answer and does not count as missing.

V003-title = Not in the code list
V003-message = "{ $value }" is not a value of the code list "{ $expected }".
V003-remedy = Enter a value of the code list, or ask to have your spelling added.
V003-explain = The field takes values of its code list only. Letter case, diacritics and spaces do not matter, and the list can be given further spellings (config/codelists). This value was not recognised; the nearest ones are in the hint. vienkop does not guess what the institution meant.

V004-title = Not a date
V004-message = "{ $value }" is not a date. Expected: { $expected }.
V004-remedy = Correct the date; check that the day exists in the calendar.
V004-explain = The value cannot be read as a date or time. Day and month are never swapped, and 31.02. is no date. If the source writes dates in a way of its own, its configuration declares it with "formats".

V005-title = Not a number
V005-message = "{ $value }" does not fit; a number is wanted here, for example { $expected }.
V005-remedy = Enter the number alone; put notes into another column.
V005-explain = The field needs a number. A decimal comma, spaces between thousands and a euro sign do no harm, but words and several numbers in one cell do.

V006-title = Neither yes nor no
V006-message = "{ $value }" is neither yes nor no.
V006-remedy = Enter "jā" or "nē".
V006-explain = The field takes "jā" and "nē", also "ir" and "nav", "yes" and "no", 1 and 0. vienkop does not interpret any other answer.

V007-title = Not a duration
V007-message = "{ $value }" is not a duration with a unit.
V007-remedy = Enter a number and a unit, for instance "30 dienas" or "10 darba dienas".
V007-explain = A duration is a number and a unit: minutes, hours, days, working days or months. If the source has bare numbers, its configuration declares the unit with "unit". A day and a working day are different units.

V008-title = Not a registration number
V008-message = "{ $value }" is not a registration number: it takes 11 digits.
V008-remedy = Enter the 11-digit number from the Register of Enterprises or the list of public persons.
V008-explain = Institutions are recognised by their registration number, so it has to be whole. If Excel turned it into a number, check for lost leading zeros.

V009-title = Check digit does not fit
V009-message = The check digit of the registration number "{ $value }" does not fit.
V009-remedy = Check the number for a slip of the pen.
V009-explain = The last digit of a registration number follows from the others. If it does not, the number most likely has a mistake, but the record is accepted, since a few real numbers break the rule.

V010-title = Not a territory code
V010-message = "{ $value }" is not an ATVK code: it takes 7 digits.
V010-remedy = Enter the 7-digit code with its leading zero.
V010-explain = A code of the classification of administrative territories has 7 digits. Excel tends to drop the leading zero; if the source always lacks it, its configuration says "pad = 7".

V011-title = Not a web address
V011-message = "{ $value }" is not a web address.
V011-remedy = Enter the whole address, beginning with https://.
V011-explain = An address needs a protocol and a domain name. The record is accepted, but the link will not work in public listings.

V012-title = Not an e-mail address
V012-message = "{ $value }" is not an e-mail address.
V012-remedy = Enter one address in the form vards@iestade.lv.
V012-explain = An e-mail address has one "@" and a domain name. The record is accepted, but no mail will reach such an address.

V013-title = Out of range
V013-message = "{ $value }" is out of range ({ $expected }).
V013-remedy = Check that the number or the year is right.
V013-explain = The value is a number or a date, but impossible for the field, such as a negative count or the year 2204.

V014-title = End before start
V014-message = The end "{ $value }" is before the start.
V014-remedy = Check both dates; perhaps they are swapped.
V014-explain = A period cannot end before it starts. No duration can be computed from such dates, so the record is quarantined.

V015-title = Longer than the law allows
V015-message = The expected time "{ $value }" is longer than the statutory one ({ $expected }).
V015-remedy = Check both times; what the institution expects must not be longer than what the law sets.
V015-explain = The expected time of a service has to keep within the time set by law. The record is accepted, but recipients will see the contradiction.

V016-title = Units do not compare
V016-message = "{ $value }" and "{ $expected }" cannot be compared.
V016-remedy = Where possible, give both times in the same unit.
V016-explain = Working days and months cannot be turned into calendar days exactly, so it was not checked whether the expected time keeps within the statutory one. The record is accepted.

V017-title = Personal code in a text
V017-message = The field "{ $field }" held a personal code; it is masked with asterisks.
V017-remedy = Remove the personal code from the free text in the source system.
V017-explain = Personal data has no place in free text. vienkop masks a personal code (with or without its hyphen) before the text gets into the registry, findings, logs or reports. The record is accepted.

V018-title = Does not match the pattern
V018-message = "{ $value }" does not match the pattern { $expected }.
V018-remedy = Enter the value in the form that the source declares.
V018-explain = The source's configuration declares the form of this field with "pattern" or "extract". Mostly that protects codes by which a record is recognised.

V019-title = Text too long
V019-message = The text in the field "{ $field }" is longer than allowed.
V019-remedy = Shorten the text, or check that nothing was pasted into the cell by accident.
V019-explain = The length of a text is limited so that one cell cannot take up all memory. The limit stands in [limits] of config/vienkop.toml.

V020-title = Hour that does not exist
V020-message = The time "{ $value }" does not exist: the clock was put forward then.
V020-remedy = Check the time; perhaps the source writes it in another time zone.
V020-explain = On the last Sunday of March, 2:59 is followed by 4:00 in Latvia. A local time between the two does not exist, and converting it would be a guess.

V021-title = Hour that occurs twice
V021-message = The time "{ $value }" occurs twice in that night; the earlier is taken.
V021-remedy = Nothing to do; where it matters, the source has to write times with their offset from UTC.
V021-explain = On the last Sunday of October the hour from 3:00 to 4:00 occurs twice. A local time does not tell which of the two is meant, so the earlier is always taken.

V022-title = Several values in the place of one
V022-message = The field "{ $field }" has several values: "{ $value }".
V022-remedy = Leave one value; if there are several indeed, whoever runs vienkop must choose another field or column.
V022-explain = An XML element or a JSON key occurs more than once in the record, but the field takes one value. Which is the right one cannot be known, so the record is quarantined. List fields (channels, for example) may have several values.

V023-title = An error in the place of a value
V023-message = The cell of the field "{ $field }" holds an Excel error or a formula never calculated, so its value is not known.
V023-remedy = Mend the formula, let Excel calculate it, save the file and send it again.
V023-explain = The cell holds an error (#REF!, #N/A) or a formula whose value was never calculated. It is not an empty cell: what should be in it is not known. So the record is quarantined and the registry keeps what it had, unless the source says invalid = "empty" for the field.
V024-title = A time in the future
V024-message = The time “{ $value }” of field “{ $field }” lies after the day that this import is about.
V024-remedy = Correct the year, month or day; the latest possible: { $expected }.
V024-explain = What has not happened yet is no event: mostly the year is mistyped. The event is quarantined, the other events of its request stay.

### Findings: keys and references

K001-title = The same record more than once
K001-message = The record "{ $key }" occurs more than once in the delivery, all alike.
K001-remedy = Nothing to do; the repetition may be deleted.
K001-explain = Two rows that are alike in everything are one record. It is loaded once and the others are counted as duplicates.

K002-title = The same record with different content
K002-message = The record "{ $key }" occurs more than once in the delivery with different content; the last one counts.
K002-remedy = Keep one row; if these are two different records, give each its own code.
K002-explain = Two rows of one delivery have the same key and different content. The one that stands later in the file counts. Often a row was copied and its code was not changed.

K003-title = Reference to nothing
K003-message = The field "{ $field }" refers to "{ $value }", which the registry does not hold.
K003-remedy = Check the code or number; if it is right, the record it refers to has to be delivered too.
K003-explain = The record refers to another that no source has delivered. The record is accepted; the reference begins to work once the missing record is loaded.

K004-title = Link without an end
K004-message = The link refers to "{ $value }", which the registry does not hold.
K004-remedy = Correct the code, or first register the record that the link refers to.
K004-explain = A link joins two records, such as a need and a service. If one of them does not exist there is nothing to join, so the link is quarantined.

K005-title = Row without its record
K005-message = The row belongs to a record that is not in the delivery.
K005-remedy = Check the code in the row, or add the missing record.
K005-explain = Steps, fees and other rows below a record are attached by the record's key. There is no such record in this delivery, or it is quarantined itself, so the row has no place to go.

K006-title = Perhaps the same service
K006-message = The service "{ $value }" may be the same as "{ $expected }" ({ $hint }).
K006-remedy = Look at the pair with "vienkop review list" and decide: "review accept" or "review reject".
K006-explain = No key (register number, the owner's code) joins the two services, but name, legal acts, audience and channels are alike. Until somebody decides they are two services. The decision is remembered and holds for later deliveries.
K007-title = A request for an unknown service
K007-message = Field “{ $field }” of the request refers to “{ $value }”, which the registry does not hold.
K007-remedy = Correct the service code or deliver the description of the service; requests for it are loaded the next time.
K007-explain = A request whose service is not known says nothing of any service, so it is quarantined together with its events. The code is compared with all services of the registry.
K008-title = An event without its request
K008-message = The request of event “{ $value }” is not in the registry, or is in quarantine.
K008-remedy = Correct the request (see its findings) or deliver it; deliver the events again together with it.
K008-explain = An event belongs to a request that the same source delivers. Until the request is accepted it is not known which service the event is about, so it is not loaded.

T001-title = Something after the closing
T001-message = The request "{ $key }" was closed ("{ $expected }"), yet then came "{ $value }" without a reopening or an appeal.
T001-remedy = Look at the request's history in the source: is a reopening missing, is the closing too early, or do two events have each other's time?
T001-explain = After a closing state (completed, refused, withdrawn, forwarded, cancelled) only a reopening, an appeal or another closing can follow. The events are taken as they are: from then on the request counts as open, and as reopened.

T002-title = Reopened without having been closed
T002-message = The request "{ $key }" was reopened ("{ $value }"), but no closing comes before.
T002-remedy = Add the missing closing in the source, or correct the state, if the work merely went on.
T002-explain = Only a request that was closed can be reopened. The event is taken as it is; it counts as a step of the request, not as a reopening.

T003-title = Appealed before the decision
T003-message = The request "{ $key }" was appealed ("{ $value }"), but neither a decision nor a closing comes before.
T003-remedy = Check the time of the appeal and whether the event of the decision is missing in the export.
T003-explain = What is appealed is a decision. Before the appeal "decision taken" or a closing state is expected. The appeal is counted all the same.

T004-title = Draft after submission
T004-message = The request "{ $key }" became a draft ("{ $value }") after it had been submitted ("{ $expected }").
T004-remedy = Check the order of the events; if the request was returned to the client, that is "waiting for the client".
T004-explain = A draft is what the client has not submitted yet; the time before submission is not counted. A draft after other states contradicts that. The time goes on counting from the first submission.

T005-title = Back to submitted
T005-message = The request "{ $key }" was in work already ("{ $expected }"), yet then came "{ $value }" without a reopening.
T005-remedy = Check the order and the times of the events; events of date-only precision need a sequence number, if their order is not that of the states.
T005-explain = The steps of a request lead from submitted by way of work to completed. A return from work to submitted or registered without a reopening is most often a wrong time or a wrong match of a state. The events are taken as they are.

T006-title = Closed without having begun
T006-message = The first event of the request "{ $key }" is already closing: "{ $value }".
T006-remedy = Have the source export the submission too; or give the time of submission as a column of its own.
T006-explain = Without an event before the closing the request took no time, which makes medians look better than they are. The request is counted with a duration of zero.

T007-title = Holidays not known
T007-message = Working time was measured in the year { $value }, for which no holidays are known.
T007-remedy = Add the holidays and the moved working days of that year to config/codelists/holidays.csv.
T007-explain = Working time leaves out public holidays and follows the Cabinet's orders that move working days. For a year of which the list has no line, every Monday to Friday counts as worked, so working time comes out too long.

### Findings: a delivery

S001-title = Too much quarantined
S001-message = { $value } records are quarantined, the share allowed is { $expected }: nothing is loaded.
S001-remedy = Mend the mistake that occurs most often first, and send the file again.
S001-explain = Each source has a share of records that may be quarantined ("max_quarantined_share"). When it is exceeded, the layout of the file has usually changed, rather than single records gone bad. Nothing of this delivery is loaded, the registry keeps what it had, and the run ends with an error code so that somebody looks.

S002-title = Empty snapshot
S002-message = The snapshot has no records, but the registry holds { $value } from this source; it waits for approval.
S002-remedy = Check the export; if everything was closed indeed, approve it.
S002-explain = The source delivers everything it holds, so an empty delivery would mean retiring everything. Almost always that is a mistake of the export, so nothing changes without approval ("vienkop run SOURCE --approve"). The same share holds for each list (steps, fees, legal acts …) over all records of the source: one service with a step less is no matter, all services without their steps are. Items that go with their record are not counted.

S003-title = Would retire too much
S003-message = The delivery would retire { $value } records, the share allowed without approval is { $expected }; it waits for approval.
S003-remedy = Check that the delivery is whole; if the records were closed indeed, approve it.
S003-explain = What a snapshot no longer holds is retired in the registry. If that is more than "max_retired_share" allows, the delivery may be incomplete, so nothing changes without approval ("vienkop run SOURCE --approve").

S004-title = Nothing delivered
S004-message = The source delivered nothing.
S004-remedy = Find out whether the export ran and arrives in the right place.
S004-explain = The source gave no record this time. The registry keeps what it had. A source that keeps silent is never shown as a success.

S005-title = Nothing is retired
S005-message = Nothing is retired: it is not known which records the quarantined rows ({ $value }) belong to.
S005-remedy = Mend the quarantined rows and send the file again; records that it no longer has are retired then.
S005-explain = The source delivers everything it holds, so what a delivery lacks would be retired. But this delivery has rows that could not be read or have no key: any of them may be a record that seems absent. So everything that the registry held stays this time. Where the respondent of a survey row can be read, only the answers of that respondent stay, and there is no such finding. Where the rows are of a list (steps, fees …), the items of that list stay, the records themselves are treated as delivered.

### Findings: what has changed since the last delivery

D001-title = New column
D001-message = The delivery has a column "{ $column }" that the last one did not have.
D001-remedy = If the registry needs what the column holds, map it in the source's configuration; if not, nothing needs to be done.
D001-explain = The columns of each table are remembered as they were when a delivery was loaded last. This one is new. A new column often means that an institution has begun to record something new. It is told once; a column that no field uses is listed at every delivery as F013. What becomes of changes is said by "drift" in the source's [policy].

D002-title = Lost column
D002-message = The last delivery had a column "{ $column }", this one does not.
D002-remedy = Ask the institution whether the column was removed on purpose. If it has another name now, name both headers in the source's configuration.
D002-explain = The columns of each table are remembered as they were when a delivery was loaded last. What is absent from a delivery stays in the registry as it was, so a lost column is told before its values grow old. If the mapping names the column, every further delivery without it tells F014. Of a delivery of changes alone this is not told: it lacks many a thing. In XML and JSON, where records leave out what is empty, only a path counts that one record in ten had.

D003-title = Renamed column
D003-message = The column "{ $column }" seems to be called "{ $value }" now.
D003-remedy = If it is the same column, name both headers in the source's configuration; if it is not, ask the institution what became of the first.
D003-explain = A column of the last delivery is gone and a new one is there that resembles it: by name, by codes and forms of its values, and by its place among the other columns. This is a guess, and nothing is mapped by it: the field stays in the registry as it was until the configuration names the new header too.

D004-title = Values written otherwise
D004-message = Values of the column "{ $column }" were written like { $expected }, now they are like { $value }.
D004-remedy = Ask the institution what has changed, and check that the values are understood as they are meant; a date with slashes needs "formats" in the source's configuration.
D004-explain = How the values of a column are written (dates, numbers, durations, texts) is remembered from the last delivery that was loaded, shown here by examples. At least one value in ten is written in a way that the column did not have, or zeros in front of codes are gone (Excel drops them), or a column of texts holds only numbers. "{ $cell }" is the first such place. Whether a value can be read is judged for each by itself, as always.

D005-title = New code
D005-message = The column "{ $column }" has a value "{ $value }" that it did not have so far.
D005-remedy = If code list "{ $expected }" does not know it (V003), add it as an alias to the list or to "codes" of the source; then the rows in quarantine go through again: vienkop quarantine retry.
D005-explain = The texts of a column that is mapped to a code list are remembered. One that the list does not know is told once here, with the nearest that it knows, and with each of its rows as V003; one that the list knows is taken over without a word. Of a column, at most 20 new ones are told, and more than 200 different texts are no codes.

D006-title = Value in another form
D006-message = "{ $value }" is not written as the column's values were so far ({ $expected }).
D006-remedy = Write the value as before. If the new form is right, approve it: vienkop run SOURCE --approve.
D006-explain = The source's [policy] says drift = "quarantine": a row whose value is written otherwise than its column's values were when a delivery was loaded last is not let in until somebody has approved the new form.

S007-title = The source has changed
S007-message = Nothing was loaded: what the source delivers has changed ({ $value }), and its policy does not let that in.
S007-remedy = Mend the delivery or the source's configuration, or approve the change.
S007-explain = The source's [policy] says drift = "fail" (any change) or "quarantine" (a mapped column lost or renamed, which concerns every row). The registry keeps what it had, and the change is told at every delivery, until it is gone or approved ("vienkop run SOURCE --approve"). The findings D001 to D005 say what has changed.

### Findings: the registry as a whole

L001-title = Unmet need
L001-message = The need "{ $value }" ({ $key }; life event: { $hint }) is linked to no service.
L001-remedy = Link the need to a service that meets it. If there is none, the need stays unmet and a service has to be planned.
L001-explain = Every need of a life event is linked to one or more services that meet it (architecture of digital technologies for service delivery, P3; PU2-7). Links to services that have ended, or that the registry no longer holds, do not count. This is no mistake in a record but news of the whole registry; it is worked out anew after every run.

L002-title = Possibly superfluous service
L002-message = The service "{ $value }" ({ $key }; { $hint }) is linked to no need.
L002-remedy = Link the service to the need it meets. If there is none, consider whether the service is needed.
L002-explain = Every registered service, of whichever kind, meets some need; that is why it exists (PU2-7). Services that have ended do not count. This is no mistake in a record but news of the whole registry; it is worked out anew after every run.

L003-title = Service without a resource
L003-message = The service "{ $value }" ({ $key }; { $hint }) is linked to no resource.
L003-remedy = Name the information and digital technology resources that the service needs, and which of them are critical.
L003-explain = Every service is linked to one or more resources that are needed to provide it (architecture of digital technologies for service delivery, P3). Services that are planned or have ended do not count. A resource without a service is allowed. This is no mistake in a record but news of the whole registry; it is worked out anew after every run.

L004-title = Reference without an end in the registry
L004-message = The field "{ $field }" of the record "{ $key }" ({ $hint }) refers to "{ $value }", which the registry does not hold.
L004-remedy = Correct the code or number, withdraw the record if it is no longer valid, or deliver what it refers to as well.
L004-explain = A record or link in the registry refers to another that is not there: it was retired later, or it was never delivered. K003 and K004 say so of a delivery when it comes in; L004 says it of everything that dangles now.
S006-title = Source is late
S006-message = Nothing new for too long: last { $value }, expected every { $expected }.
S006-remedy = Find out whether the export still runs and arrives in the right place.
S006-explain = The source's configuration says how often something new is expected ("expected_every" in [policy]). Since the day named, no file has come whose content had not been met before; the same file met again by every run is no delivery. The registry keeps what it had, but it may be out of date. If the source changes less often indeed, raise "expected_every".

### Findings: the inbox

I001-title = A correction workbook of another source
I001-message = The correction workbook is for the source "{ $value }", but lies in the inbox of "{ $expected }".
I001-remedy = Put the file into the inbox of the source that it was made for.
I001-explain = The sheet "vienkop" of a correction workbook says which source it is for. Rows of another source would mend nothing of this one, so nothing was loaded.

I002-title = A correction workbook that cannot be recognised
I002-message = The file has columns of a vienkop correction workbook, but lacks what such a workbook is recognised by: { $value }.
I002-remedy = Put the correction workbook itself (xlsx or ods) into the source's inbox, with its sheet "vienkop" and its first three columns.
I002-explain = A correction workbook is recognised by its sheet "vienkop" and its first column. Without them it is not known what the rows mend, and as a whole delivery they would take away all else; so nothing was loaded.

I003-title = An outdated correction workbook
I003-message = The source no longer has the table "{ $value }" that the workbook was made for.
I003-remedy = Make the correction workbook anew (vienkop quarantine export) and carry the corrections over.
I003-explain = The source's configuration was changed after the workbook was made, and its rows can no longer be read as they were meant.

I004-title = Nothing to mend
I004-message = Record no. { $value } is no longer in quarantine (closed by run: { $expected }); the row was not taken.
I004-remedy = If the row still has to be mended, make a new correction workbook (vienkop quarantine export).
I004-explain = A row of a correction workbook names the record in quarantine that it mends. That record is mended already, was closed, or never was of this source. An old workbook would put back what has changed since, so the row was left out.

### Findings: queries on databases

Q001-title = Database not reachable
Q001-message = The database { $value } cannot be reached: { $expected }
Q001-remedy = Check that the database server runs and can be reached from this machine (address, port, firewall, certificate, name of the database); if it is a SQLite file, that it is a database indeed.
Q001-explain = The server does not answer, its certificate is not trusted, it has no such database, or the SQLite file is no database. Nothing is loaded from this source, the registry keeps the last delivery; the other sources go on.

Q002-title = The database does not let us in
Q002-message = The database { $value } does not accept the user or the password: { $expected }
Q002-remedy = Check user and password in the address that [fetch] url names, and that this user may connect from this machine.
Q002-explain = The server was reached but refuses the login: the password was changed, the user is locked, or may connect from elsewhere only. The address with its password stands in an environment variable or a file that the source's configuration names, and vienkop shows it nowhere.

Q003-title = The database refuses the query
Q003-message = The database refuses the query ({ $value }): { $expected }
Q003-remedy = Mend the query in the source's configuration; try it with the database's own tools.
Q003-explain = There is a mistake in the query, or a table or column that it names was renamed. The message has the database's own words. Nothing is loaded from the source, the registry keeps the last delivery.

Q004-title = No right to read
Q004-message = The user may not read what the query asks for ({ $value }): { $expected }
Q004-remedy = Ask the administrator of the database to grant the user the right to read (GRANT SELECT) the tables or views that the message names.
Q004-explain = Connecting worked, but the database does not allow a table or view to be read. It is best to give vienkop a user of its own that may read the views it needs and nothing else.

Q005-title = A value that cannot be carried
Q005-message = A value of column "{ $column }" cannot be carried as it is ({ $value }): { $expected }
Q005-remedy = Make a text or a number of the column in the query; if these are bytes that are a text, say its encoding: [fetch.encodings].
Q005-explain = Arrays, rows, ranges and geometry are written in each database's own way, so they are not carried until the query says how (array_to_string, ST_AsText, for example). The same goes for a text whose bytes are not in the encoding named: its letters would become others. Nothing is loaded from the source.

Q006-title = Not one query that reads
Q006-message = The query must be a single one and only read ({ $value }): { $expected }
Q006-remedy = Leave one query that begins with SELECT (or WITH, VALUES, TABLE) and writes nothing.
Q006-explain = In a source's database vienkop only reads: each query runs in a transaction that cannot write, and is one statement, not several after a semicolon. Anything else is refused by the database or by vienkop.

Q007-title = The query does not end in time
Q007-message = The queries ({ $value }) did not end in { $expected } seconds.
Q007-remedy = Make the query narrower (with a cursor it asks for changes only), ask for an index, or raise [fetch] timeout_seconds.
Q007-explain = A long query burdens the agency's system, so its time is limited; when the time is over, it is stopped at the server too. Nothing is loaded of a delivery that is not whole.

Q008-title = The column does not tell what is new
Q008-message = How far the query came cannot be told by "{ $expected }" ({ $value }).
Q008-remedy = Have the cursor's column in the result under the same name (letter case counts); it must hold numbers, dates or times, and the query must have ":cursor".
Q008-explain = In a delivery that holds only changes, the greatest value of the cursor's column tells where to go on the next time. It cannot when the column is not in the result, when its values are mixed (numbers and texts), or when they have no order. Nothing is loaded, so that changes are not lost unnoticed.

Q009-title = Connection lost
Q009-message = The connection to the database was lost half-way ({ $value }): { $expected }
Q009-remedy = Run the source again; if it happens again, ask the administrator of the database what cuts long connections.
Q009-explain = Some of the rows came, but not all. Half a delivery is never loaded: the registry keeps what it had, and the cursor stays where it was.

Q010-title = Unclear names of columns
Q010-message = The result ({ $value }) has several columns with the name "{ $column }", or a column without a name.
Q010-remedy = Give each column a name of its own in the query: SELECT a.name AS institution, b.name AS service.
Q010-explain = Columns are told apart by their names. When two have the same, nobody can know which is meant, so nothing is loaded.

Q011-title = No secret
Q011-message = The address of the database is not where it should be ({ $value }): { $expected }
Q011-remedy = Set the environment variable, or put the address into the file that [fetch] url names, and check that the user of vienkop may read it.
Q011-explain = The address with its password does not stand in the source's configuration but in an environment variable (env = "NAME") or a file of its own (file = "path"). It is not there, or empty.

Q012-title = The database's address is not understood
Q012-message = The address kept in { $value } cannot be used: { $expected }
Q012-remedy = An address is written postgres://user:password@server:5432/database, mysql://… or sqlite:///path; the characters / ? # @ of a password are written %2F %3F %23 %40. Parameters that are not known are refused, so that a slip of the pen does not leave the connection unchecked.
Q012-explain = The address must begin with the kind of database and name a database. The address itself is shown nowhere, since it holds the password; only the part that is no secret is shown.

Q013-title = No such column
Q013-message = The result ({ $value }) has no column "{ $column }", which [fetch.encodings] names.
Q013-remedy = Write the name of the column as the query gives it (letter case counts).
Q013-explain = An encoding is given for a column that the result does not have. Without it the column's bytes would be loaded as digits that nobody understands, so nothing is loaded.

Q014-title = A day to come in the cursor's column
Q014-message = The cursor's column of query "{ $value }" has "{ $expected }", which is later than this day; it does not move the cursor.
Q014-remedy = Find the record with this value in the database and mend it.
Q014-explain = If the cursor jumped to a day to come, nothing new would be delivered until then. So such values do not count; their rows come again every time, which does no harm.

Q015-title = Database at a link-local address
Q015-message = The database { $value } is at the link-local address { $expected }, which is never connected to.
Q015-remedy = Find out why the address leads there: an institution's server has an address of its own network. A name in DNS may have been changed.
Q015-explain = Link-local addresses (169.254.0.0/16, fe80::/10) are where clouds keep the keys of a machine, and no database of an institution. A server at one, also among others that its name has, is not connected to; nothing was sent there.

finding-hint = (Hint: { $hint })

### Mistakes in the configuration

config-error = error
config-help = help
config-count = { $problems ->
    [one] { $problems } error
   *[other] { $problems } errors
} in { $files ->
    [one] { $files } configuration file
   *[other] { $files } configuration files
}

config-hint-nearest = perhaps: { $names }
config-hint-known = known: { $names }
config-hint-child = structures go into [table.children.{ $child }] or a table of their own
config-hint-comma = save the file as comma-separated CSV (UTF-8)
config-hint-dir = --config names the folder of the configuration
config-hint-path = write the path from the folder that holds config; samples stay within it
config-hint-cron = minute, hour, day of month, month, weekday; for example "15 3 * * 1-5": at 03:15, Monday to Friday

config-no-vienkop = no such file
config-utf8 = the file is not UTF-8
config-unreadable = the file cannot be read: { $reason }
config-texts-broken = the texts cannot be read: { $reason }

config-syntax = mistake in the TOML ({ $reason })
config-syntax-unquoted = a text has to be quoted
config-syntax-quote = the quote is not closed
config-syntax-unclosed = the bracket is not closed
config-syntax-comma = a comma is missing between values
config-syntax-no-value = the key has no value
config-syntax-key = such a key has to be quoted
config-syntax-escape = unknown character after "\"; write regular expressions in single quotes: '\d+'
config-duplicate-key = this key is given already
config-number = the number { $value } cannot be used
config-invalid = not valid: { $reason }
config-unknown-key = unknown key "{ $key }"
config-missing-key = the key "{ $key }" is missing
config-wrong-choice = "{ $value }" does not fit here
config-wrong-type = { $expected ->
    [string] a text
    [integer] a whole number
    [number] a number
    [boolean] "true" or "false"
    [array] a list
    [object] a table
    [object-or-string] a text or a table
    [array-or-string] a text or a list
   *[other] something else ({ $expected })
} belongs here, not { $found ->
    [string] a text
    [number] a number
    [boolean] "true" or "false"
    [array] a list
   *[object] a table
}
config-too-small = { $value } is too small, the least is { $limit }
config-too-large = { $value } is too large, the most is { $limit }
config-empty = this must not be empty
config-pattern = "{ $value }" does not match { $pattern }

config-id-characters = "{ $value }" is no name: small Latin letters, digits and hyphens are allowed
config-id-file = the id "{ $id }" differs from the name of the file { $file }
config-id-twice = the source "{ $id }" stands in { $file } already
config-reg-no = "{ $value }" is not a registration number (11 digits)
config-path = the path "{ $path }" leads out of the folder it may use
config-unknown-kind = unknown kind of [{ $table }]: "{ $value }"
config-option-refused = the value of "{ $option }" cannot be used: { $reason }
config-refused-other = { $value }
config-refused-empty = it may not be empty
config-refused-pattern = "{ $value }" is not a pattern of names
config-refused-records-of-lines = where every line is a record, there is nothing to point to
config-refused-explode = a path below the record is needed, like "soli" or "process/soli"
config-refused-pointer = a JSON Pointer begins with "/" (empty means the whole document)
config-refused-one-character = "{ $value }" is not one ASCII character that is neither letter nor digit
config-refused-quote = it is the same as "delimiter"
config-refused-from-one = lines count from 1
config-refused-columns-and-header = names of columns are given only where there is no "header_row"
config-refused-column-names = names must differ from each other and may not be empty
config-refused-encoding = there is no encoding "{ $value }"
config-refused-root = "{ $value }" must begin with "/" and the name of the root element
config-refused-element = "{ $value }" is no name of an element or attribute
config-refused-prefix = "namespaces" has no prefix "{ $value }"
config-refused-above-root = "{ $value }" leads above the root element
config-refused-url = "{ $value }" is not an address that begins with http:// or https://
config-refused-url-secret = an address with a user name, a password or parameters may hold a secret; use "auth" or "path"
config-refused-host = "{ $value }" is not a host name with or without a port, like "files.agentura.lv" or "10.0.0.7:8443"
config-refused-header = "{ $value }" cannot be a header
config-refused-secret-header = the header "{ $value }" would hold a secret, which belongs to "auth"
config-refused-secret-text = "{ $value }" would hold a secret; name the place where it is: {"{"} env = "NAME" {"}"} or {"{"} file = "path" {"}"}
config-refused-path = a path below the record is needed, like "id" or "status/name"
config-refused-query = the parameter "{ $value }" may be a text, a number, yes or no, or a list of them
config-refused-body-of-get = a body needs method = "POST"
config-refused-placeholder = nothing is known that would fill the gap "{ $value }"
config-refused-time-format = "{ $value }" is not a format of times, like "%Y-%m-%d %H:%M:%S"
config-refused-time-zone = there is no time zone "{ $value }"
config-refused-length = "{ $value }" is not a length of time, like "2min" or "30d"
config-refused-moment = "{ $value }" is neither a day nor a moment
config-refused-extract = "{ $value }" is not a regular expression with a group
config-refused-window-parameters = windows need a parameter for their end ("to")
config-refused-with-windows = where there are windows, they ask for what has changed; the parameter "{ $value }" is not needed
config-refused-first-needed = the request has a text with "since" in it, so the first fetch needs to know where to begin
config-refused-no-ids = the request has no gap "ids"
config-refused-id-needed = it is needed to tell records apart
config-refused-method = "{ $value }" is not GET, POST or PUT
config-refused-sql-place = one of two is needed: "file" (a SQLite file) or "url" (the place where the address is kept)
config-refused-sql-text = one of two is needed: "query" or "query_file"
config-refused-sql-of-each-query = where there are several queries, it is given in each [[fetch.query]]
config-refused-sql-names = each query needs a name of its own; "{ $value }" will not do
config-refused-sql-several = it must be one query; something comes after "{ $value }"
config-refused-sql-begins = a query begins with SELECT, WITH, VALUES or TABLE, not with "{ $value }"
config-refused-sql-writes = "{ $value }" writes; a query may only read
config-refused-sql-unclosed = "{ $value }" is never closed
config-refused-sql-no-cursor = the query has ":cursor", but what that is, is not said: cursor = {"{"} column = "…", first = "…" {"}"}
config-refused-sql-cursor-unused = the query has no ":cursor", so everything would come every time

config-unknown-entity = no such entity: "{ $value }"
config-unknown-field = "{ $entity }" has no field "{ $value }"
config-unknown-child = "{ $entity }" has no structures "{ $value }"
config-required-unmapped = nothing says where the required field "{ $field }" of "{ $entity }" comes from
config-key-unmapped = nothing in this table says where the key field "{ $field }" of "{ $entity }" comes from
config-key-fixed = records of "{ $entity }" are told apart by { $key }: status events name their request by these; leave "key" out
config-not-for-child = "{ $option }" has no place in a table of structures ("{ $entity }")
config-no-origin = nothing says where the field "{ $field }" comes from: it needs "column", "columns" or "value"
config-contradiction = "{ $first }" and "{ $second }" exclude each other
config-misplaced = "{ $option }" means nothing for the field "{ $field }": { $option ->
    [codes] it has no code list
    [split] it is no list
    [formats] it is no date or time
    [unit] it is no duration
    [pad] only codes and numbers have leading zeros
    [pseudonymise] only texts and fields made for it become pseudonyms
    [join] "columns" is not given
   *[other] it has no effect here
}
config-regex = the regular expression is not valid: { $reason }
config-regex-brackets = the parentheses do not pair
config-regex-class = a set of characters [ ] is not closed
config-regex-range = a range in a set of characters [ ] is the wrong way round
config-regex-escape = what follows "\" means nothing there
config-regex-repetition = there is nothing to repeat before "*", "+", "?" or "{"{"}", or the number of repetitions is no number
config-regex-unsupported = these expressions know no look-around (?=, ?!, ?<) and no references to groups
config-regex-group = the expression needs a group in parentheses: what is in it is the value
config-time-format = no date can be read by the format "{ $value }": it needs day, month and year, such as %d.%m.%Y
config-unknown-unit = "{ $value }" is not a unit of durations
config-unknown-code = the code list "{ $list }" has no value "{ $value }"
config-no-codelist = the code list "{ $list }" that the field "{ $field }" needs is missing (config/codelists/{ $list }.csv)
config-changes-are-no-snapshot = a cursor asks for changes only, so this must be delivers = "delta": in a snapshot, what did not change would look retired
config-sample-network = a sample must not reach the network: say recorded = "data-samples/<id>", a folder of recorded answers
config-unknown-preset = there is no preset "{ $value }"
config-without = the preset has no "{ $value }" to do without
config-secret = the secret itself stands in the configuration; it does not belong here, and should now be taken for known and be changed
config-hint-secret = say where it is kept: {"{"} env = "NAME" {"}"} or {"{"} file = "path" {"}"}
config-hint-secret-auth = headers and parameters that are a secret are given by auth: {"{"} kind = "header" or "query", name = "{ $name }", secret = {"{"} env = "NAME" {"}"} {"}"}
config-skip = "matches", "unless" or "others_empty = true" is needed
config-child-origin = the structures "{ $child }" need "column" or "numbered"
config-child-item = the structures "{ $child }" need "pattern" or "field": what is what in an item
config-numbered = the header "{ $value }" has no "{"{"}n{"}"}" for 1, 2, 3 …
config-unpivot-key = "key" has no meaning here: with "unpivot", a record of { $entity } is known by the entity's own key
config-hint-unpivot-key = that key is: { $key }; delete "key"
config-unpivot = "unpivot" is for survey answers (survey_response) and status events (status_event), not for "{ $entity }"
config-unpivot-questionnaire = The columns of “{ $entity }” are times of events; they have no questionnaire
config-unpivot-no-columns = [table.unpivot.columns] is missing: the header of each column of times and its state, such as "Reģistrēts" = "reģistrēts"
config-unknown-state = “{ $value }” is no state of the code list “states”
config-events-without-requests = Status events belong to requests: this source needs a table with entity = "service_request" too
config-events-key = Requests that have events are known by institution and number; there can be no other key here
config-unknown-questionnaire = no questionnaire "{ $value }"
config-unknown-question = the questionnaire "{ $questionnaire }" has no question "{ $value }"

config-twice = "{ $value }" stands twice
config-unknown-reference = this questionnaire has no "{ $value }"
config-figure = the figure "{ $figure }" does not fit: { $reason }
config-overlap = the rows "{ $first }" and "{ $second }" overlap
config-day = "{ $value }" is not a day written as 2024-06-17

config-unknown-source = no source "{ $value }"
config-unknown-pipeline = no pipeline "{ $value }"
config-source-twice = "{ $value }" is named a second time
config-hint-source-twice = "{ $other }" names it already; delete one of the two
config-sample-mixed = the sample "{ $value }" cannot be in one pipeline with real sources
config-glob = "{ $value }" is not a pattern of names
config-time-zone = no time zone "{ $value }"
config-cron-fields = a cron line has five fields (or six, with the seconds in front), not { $found }
config-cron-field = "{ $value }" cannot be the { $field ->
    [second] seconds
    [minute] minutes
    [hour] hours
    [day] day of the month
    [month] month
   *[weekday] weekday
} of a cron line
config-cron-never = no day fits the cron line "{ $value }"
config-matching-share = a threshold lies between 0 and 1
config-matching-review = the threshold "review" cannot be above "merge"
config-matching-weight = a weight is 0 or more
config-matching-name = the name needs a weight above 0, or there is nothing to compare
config-matching-repeated = "{ $value }" stands at another place already ({ $first })
config-priority-field = "{ $value }" is neither a field nor a list; write entity.field, such as "service.name"
config-no-schedule = "{ $option }" means nothing without "schedule"

config-csv = the file is not readable as CSV: { $reason }
config-csv-empty = the file is empty
config-csv-separator = the columns are not separated by commas
config-csv-header = the column "{ $column }" is not in its place: the first line begins with { $header }
config-csv-column = the column "{ $column }" is missing
config-csv-cells = { $found } cells, the first line has { $expected }
config-csv-required = "{ $column }" is empty
config-csv-duplicate = the code "{ $code }" occurs twice
config-csv-clash = the spelling "{ $spelling }" stands for both "{ $first }" and "{ $second }"
config-calendar-twice = the day { $value } occurs twice
config-hint-calendar-twice = name both reasons in one line
config-calendar-year = the day { $value } is not in the years { $from } to { $to }
config-calendar-weekday = { $value } is worked anyway: only a Saturday or Sunday becomes a working day
config-hint-calendar-weekday = what is moved has two lines: the day off with "brīvdiena", the day worked instead with "darbdiena"
config-working-time = the working day has to end ("{ $to }") after it begins ("{ $from }")

### Command line

cli-summary-title = vienkop: { $pipeline }, { $as_of }
cli-plan-title = Plan (nothing is written): { $pipeline }, { $as_of }
cli-col-source = Source
cli-col-read = Read
cli-col-accepted = Accepted
cli-col-quarantined = Quarantined
cli-col-inserted = Inserted
cli-col-changed = Changed
cli-col-retired = Retired
cli-col-unchanged = Unchanged
cli-col-seconds = Sec.
cli-col-state = State
cli-state-ok = ok
cli-state-attention = look
cli-state-failed = failed
cli-state-gate = too many errors
cli-state-approval = waits for approval
cli-state-not-run = not run
cli-state-nothing = delivered nothing
cli-attention = What needs attention
cli-attention-none = All is well.
cli-findings-of = { $source }: { $counts }
cli-more-findings = … and { $count } more; all of them: vienkop findings { $source }
cli-links-of = The registry as a whole (all: vienkop findings --links)
cli-reports = Reports
cli-verdict-clean = Done, nothing is quarantined.
cli-verdict-attention = Done. Some records need a look (vienkop quarantine list), the others are loaded.
cli-verdict-failed = Done, but not everything is loaded: see above.
cli-verdict-late = Done, everything delivered is loaded; but a source is late: see above.
cli-late-never = never
cli-verdict-approval = A source waits for approval (the command stands with the source); the others are loaded.
cli-verdict-publication = The sources are loaded; what would be published waits for approval (the command stands above).
cli-verdict-broken = Stopped before the end: the sources "not run" were neither read nor changed.
cli-drift-taken = { $source }: what it delivers has changed ({ $count }); taken over (vienkop findings { $source })
cli-drift-contact = Of these changes, tell: { $contact }
cli-drift-no-contact = Of these changes, tell the institution; nobody is named: contact = "…" in the file of source { $source }
cli-check-schema-same = as last seen
cli-check-schema-drift = since the last delivery: { $message }
cli-approve-hint = To approve this source alone: { $command }
cli-approve-unknown = --approve: there is no source "{ $name }" in this run. Similar: { $nearest }
cli-plan-kind-insert = insert
cli-plan-kind-change = change
cli-plan-kind-retire = retire
cli-plan-kind-merge = merged
cli-plan-empty = (empty)
cli-explain-unknown = There is no code "{ $code }". Similar: { $nearest }
cli-explain-severity-info = information
cli-explain-severity-warning = warning
cli-explain-severity-error = error
cli-explain-remedy = Remedy: { $text }
cli-check-config = The configuration is fine. Sources: { $sources }, pipelines: { $pipelines }, code lists: { $codelists }.
cli-preset-verified = has met a real system
cli-preset-unverified = made from the documentation, has not met a real system
cli-presets-none = There are no presets: the folder config/presets has no file.
cli-check-source-ok = { $source }: fine (files: { $files }, rows in the sample: { $rows })
cli-check-access = server reached: { $reached }; login accepted: { $authenticated }; permission to read: { $permitted }
cli-check-first = first record ({ $entity }): { $fields } of { $of } fields have a value
cli-check-yes = yes
cli-check-no = no
cli-check-not-asked = not known
cli-check-source-bad = { $source }: { $message }
cli-check-schedule = { $pipeline }: runs by "{ $schedule }", next: { $times }
cli-check-registry-ok = Registry { $registry }: fine
cli-check-registry-new = There is no registry { $registry } yet, the first run makes it
cli-check-registry-grant = Registry { $registry }: a right is missing. The owner of the database has to execute: { $statement }
cli-check-registry-schema = Registry { $registry }: none of the schemas that search_path names ({ $path }) exists or may be used. Make the schema and grant USAGE on it, or mend the address.
cli-check-registry-read-only = Registry { $registry }: the server may only be read (a standby, or default_transaction_read_only). Name the server that may be written.
cli-check-registry-file = Registry: the user of vienkop may not write the file or folder { $path }.
cli-retry-title = Quarantine once more: { $as_of }
cli-retry-plan-title = What would come of the quarantine once more (nothing is changed): { $as_of }
cli-retry-gone = { $file }, landed on { $landed }, is no longer kept; records that stay in quarantine: { $count }
cli-retry-held = records of a delivery of which nothing was loaded: { $count }; run it again: vienkop run { $source }
cli-retry-newer = left in quarantine, since the registry holds something newer: { $count } ({ $ids }). If they are settled: vienkop quarantine close ID --because "…"
cli-retry-unread = left in quarantine, since no table of the source reads their rows any more: { $count } ({ $ids })
cli-retry-no-source = Source { $source } is no longer configured; its records stay in quarantine.
cli-quarantine-empty = Nothing is quarantined.
cli-quarantine-none = There is no quarantined record "{ $id }". To list them: vienkop quarantine list
cli-quarantine-because = Say why: --because "…"
cli-quarantine-closed = { $count ->
    [one] 1 record is off the list (run { $run }). What it was and why stays known: vienkop quarantine show.
   *[other] { $count } records are off the list (run { $run }). What they were and why stays known: vienkop quarantine show.
}
cli-quarantine-closed-before = Record "{ $id }" is no longer in quarantine; nothing was changed.
cli-quarantine-closed-by-run = No longer in quarantine since run { $run }: it was delivered again.
cli-quarantine-closed-by-hand = Taken off the list in run { $run }: { $because }
cli-col-id = Record
cli-col-where = Where
cli-col-key = Key
cli-col-codes = Codes
cli-col-column = Column
cli-col-value = Value
cli-col-run = No.
cli-col-pipeline = Pipeline
cli-col-started = Started
cli-col-status = Outcome
cli-runs-empty = Nothing has run yet.
cli-run-clean = done
cli-run-attention = done, look
cli-run-failed = not all loaded
cli-run-broken = broken off
cli-run-running = under way
cli-no-report = No report was made: the registry holds nothing to report (surveys asked for: { $questionnaires }).
cli-plan-no-registry = There is no registry { $registry } yet: compared with an empty one.
cli-plan-verdict = This is a plan: nothing is loaded. To do it: vienkop run
cli-plan-more = … and { $count } more
cli-merged-of = { $source }: new records merged with services of other sources: { $count } (vienkop review list --all)
cli-source-held = Another run is loading this source just now ({ $holder }). Run again when it has ended.
cli-col-skipped = Skipped
cli-findings-empty = There are no findings.
cli-replay-same = Everything is as expected.
cli-replay-accepted = Expected results updated: { $dir }
cli-replay-differs = Files that differ from the expectation: { $files }. If that is right: vienkop replay … --accept
cli-replay-outside = Samples must lie in { $dir }: { $source } reads { $path }
cli-assess-empty = The registry holds nothing to report (survey “{ $wave }”). First: vienkop run
cli-interrupted = Interrupted: the source under way is not loaded, the ones before it are.
cli-no-key = Source "{ $source }" pseudonymises persons, but there is no key. Set the environment variable { $env } (16 bytes at least).
cli-record-undeclared = Nothing recorded: the source ({ $sources }) does not say which members of the answers identify persons. Add personal = ["author/name", …] to [fetch], or personal = [] where there are none.
cli-record-nothing = There is nothing to record: none of the sources asks a server.
cli-record-folder = The folder { $folder } cannot be recorded into. Name a new or empty one.
cli-recorded = Recorded: { $folders }. Look through it before giving it to others; it is played with [fetch] recorded = "…".
cli-source-unknown = There is neither a pipeline nor a source "{ $name }". Similar: { $nearest }
cli-schema-written = Written: { $path }
cli-place-line = row { $line }
cli-place-line-column = row { $line }, column "{ $column }"
cli-place-record = record { $record }
cli-place-record-path = record { $record }, { $path }
cli-as-of-bad = --as-of: "{ $value }" is neither a date (2024-07-08) nor a moment (2024-07-08T12:00:00Z)
cli-place-cell-column = { $cell }, column "{ $column }"
cli-record-title = { $entity } "{ $name }"
cli-record-key = Key
cli-record-uid = Uid
cli-record-name = Name
cli-record-state = State
cli-record-current = current, in this form since { $at } (run { $run })
cli-record-retired = retired { $at } (run { $run })
cli-record-was = (retired)
cli-record-no-registry = There is no registry { $registry } yet. First: vienkop run
cli-record-none = The registry has no record "{ $id }". Give a uid (at least its first 8 characters) or kind and key, such as institution:90000270634 or service:90000270634/01; for the kinds: vienkop list entities
cli-record-kind = There is no kind of record "{ $kind }". Similar: { $nearest }
cli-record-several = "{ $id }" could be several records; give a uid:
cli-record-quarantined = Record "{ $id }" was never accepted, it is in quarantine: vienkop quarantine show { $number }
cli-record-yes = yes
cli-record-no = no
cli-record-unit-min = min
cli-record-unit-h = h
cli-record-unit-d = d
cli-record-unit-working-d = working d
cli-record-unit-month = months
cli-record-sources = Sources (the highest priority first)
cli-record-priority = priority { $priority }
cli-record-record = record { $key }, uid { $uid }, since run { $run }
cli-record-mapping = mapping: { $file }
cli-record-no-mapping = the configuration has no file of this source any more
cli-record-in-quarantine = in the latest delivery the record is in quarantine, the registry keeps what it had: vienkop quarantine show { $number }
cli-record-deliveries = Deliveries
cli-record-targets = At other registers
cli-record-target = { $target }: { $state ->
    [accepted] accepted
    [refused] refused
    [removing] removal sent, no answer
   *[sent] sent, no answer
} ({ $at })
cli-record-delivery = { $source }: { $file }, run { $run }, { $at }
cli-record-evidence = pipeline { $pipeline }; file received { $at }
cli-record-file-kept = the file is kept
cli-record-file-gone = the file is no longer kept
cli-record-file-expired = the file is no longer kept: files with personal data are kept for { $days } days
cli-record-fields = Fields
cli-record-raw = the source writes: "{ $text }"
cli-record-events = Events
cli-record-steps = Steps
cli-record-lasted = { $elapsed }, in working time { $worked }
cli-record-lost = not used: "{ $value }" { $from }
cli-record-no-source = (no current source delivers this value)
cli-record-constant = constant in the source's file
cli-history-head = { $kind } · { $at } · run { $run }, pipeline { $pipeline }
cli-history-inserted = Inserted
cli-history-changed = Changed
cli-history-retired = Retired
cli-history-returned = Returned
cli-history-gone = No longer delivered by: { $sources }
cli-history-nothing = (no visible difference)
cli-history-item-added = added
cli-history-item-removed = removed
cli-history-item-changed = changed
cli-history-reordered = the order of the items changed
cli-history-merged = Made part of it: { $uid }
cli-history-merged-into = Made part of: { $uid }
cli-history-separated = Separated from: { $uid }
cli-review-empty = No pair waits for a decision, and there is no new group to propose.
cli-review-pairs = Services that may be one and the same:
cli-review-open = waits for a decision
cli-review-accepted = merged
cli-review-rejected = found to be two
cli-review-side = { $owner }, code { $code }, sources: { $sources }
cli-review-col-field = Field
cli-review-col-alike = Alike
cli-review-col-weight = Weight
cli-review-col-left = First
cli-review-col-right = Second
cli-review-note-other-owner = The owners differ: such services are never merged without a person's decision.
cli-review-note-municipalities = Both owners are municipalities: one kind of service, not one service.
cli-review-note-unmatched-words = A word of one name has no counterpart in the other.
cli-review-note-name-alone = The names are not quite the same, and no other field confirms it.
cli-review-note-several-candidates = There are several possible counterparts.
cli-review-how = One service: vienkop review accept { $id } · two: vienkop review reject { $id }
cli-review-how-undo = To separate them: vienkop review split { $id }
cli-review-groups = Services of one kind in several municipalities without a common group code yet (to accept: vienkop review accept CODE):
cli-review-group = { $code }  "{ $name }", services: { $count }
cli-review-done-accepted = Merged (run { $run }): { $uid } stays, { $other } is part of it now. The decision is remembered.
cli-review-done-rejected = Found to be two services (run { $run }). This pair is not asked again.
cli-review-done-split = Separated (run { $run }): { $uid } and { $other }. They are not put together again.
cli-review-done-grouped = Group code given (run { $run }), services: { $count }. A source that says a code of its own goes before.
cli-review-already-accepted = This pair is decided already: the services are merged. To separate them: "vienkop review split".
cli-review-already-rejected = This pair is decided already: they are two services.
cli-review-already-open = This pair is not decided yet: there is nothing to separate.
cli-review-nothing = There is nothing to separate: this source says nothing of the service, or no other does.
cli-review-unknown = There is no such pair. The list: vienkop review list --all
cli-review-no-group = No group "{ $id }" is proposed. Similar: { $nearest }
cli-review-split-what = "{ $id }" is no number of a pair. Name the merge by its number (vienkop review list --all), or service and source: vienkop review split { $id } --source SOURCE
cli-schedule-as-of = --as-of and schedule exclude each other: a schedule goes by the clock. To run a pipeline as of another day: vienkop run --as-of { $value }
cli-schedule-none = No pipeline has a schedule. Write one into config/pipelines/<name>.toml, for example: schedule = "15 3 * * 1-5"
cli-schedule-missed = Times missed: { $number }, the first { $first }.
cli-schedule-missed-many = Times missed: { $number } or more, the first { $first }.
cli-schedule-only-told = { $pipeline }: { $missed } Only told, not run; next: { $next }
cli-schedule-retry = To be tried again at { $at } ({ $attempt } of { $attempts }): { $sources }
cli-schedule-given-up = Tried again in vain ({ $attempts } of { $attempts }): { $sources }

## Situation assessment

report-title = Assessment of the current situation
report-as-of = Data as of { $date }
report-date = { $day } { $month } { $year }
report-month = { $month ->
    [m01] January
    [m02] February
    [m03] March
    [m04] April
    [m05] May
    [m06] June
    [m07] July
    [m08] August
    [m09] September
    [m10] October
    [m11] November
   *[m12] December
}
report-contents = Contents
report-skip = Skip the contents
report-search = Search all tables
report-search-table = Search this table
report-search-found = Rows found: { $shown } of { $all }; tables: { $tables }
report-search-shown = Rows shown: { $shown } of { $all }
report-caption = Figure { $number }. { $title }
report-figure = Figure { $number }
report-figure-follow-up = Figure { $number }, follow-up question
report-figure-header = Figure
report-share-count = count
report-share-of = of
report-unit = unit
report-unit-d = days
report-unit-working-s = seconds of working time
report-unit-working-d = working days
report-section-header = Section
report-table-header = Table
report-question = Question
report-answer = Answer
report-count = Count
report-share-header = Share
report-total = Total
report-kind = Kind of institution
report-kind-unknown = kind not known
report-by-kind = By kind of institution
report-kind-n = { $kind } (n = { $n })
report-n = n = { $n }
report-follow-up = Follow-up question
report-reg-no = Registration number
report-nearest = Nearest known names
report-analyst = analyst's text
report-chart-lines = Line chart: { $title }
report-chart = Bar chart: { $title }
report-same-numbers = The numbers are also in the files report.json and tables/*.csv.
report-pdf-about = The numbers are from the registry of vienkop; the command vienkop explain shows where each of them came from.
report-pdf-figures = List of figures
report-pdf-tables = List of tables
report-pdf-table = Table { $number }. { $title }
report-pdf-by-kind = { $title }: number and share by kind of institution
report-pdf-first = The figure shows the first { $shown } of { $all } rows of the table.
report-pdf-left-out = Rows not shown here: { $count }.
report-pdf-elsewhere = Rows not shown here: { $count }. All rows: { $files }.
report-pdf-sheet = report.xlsx (sheet “{ $id }”)

report-behind = Records that the report’s numbers count
report-behind-all = Records: { $count }.
report-behind-first = The first { $most } of { $count } records; vienkop explain lists all.
report-behind-how = Columns are named as selectors of numbers call them (vienkop explain ID): with the selector’s values chosen in the columns, exactly those records are left that the number counts. Sheet: { $name }.
behind-survey-response = Answers of the survey
behind-service = Services
behind-expected = Items of portfolios
behind-readiness = Requirements of readiness
behind-placement = Obligatory places in catalogues
behind-offer = Offers in catalogues
behind-listed = What catalogues show
behind-technology = Technology groups of institutions
behind-condition = Conditions of institutions
behind-need = Needs
behind-institution = Institutions
behind-lack = What the registry lacks
behind-delivery = Latest deliveries of sources
behind-finding = Findings by source
report-respondents = { $count ->
    [one] { $count } respondent
   *[other] { $count } respondents
}
report-respondents-header = Respondents
report-respondents-title = Respondents by kind of institution

report-row-yes = Yes
report-row-no = No
report-row-none = No answer
report-row-unclear = Unclear answer
report-row-other = Another combination of answers
report-row-unmatched = Others (names not recognised)
report-row-unmatched-options = Other answers
report-row-no-system = No system named

report-survey-when = Survey period: { $opened } – { $closed }. { $respondents } took part.
report-survey-counting = Percentages are of all respondents, rounded to two decimals; in the breakdown by kind of institution, of the respondents of that kind. Different spellings of a system's name are counted together.
report-survey-again = Respondents who answered more than once: { $count }. The last questionnaire submitted by each counts.

report-note-systems = A respondent may name several systems, so the shares may add up to more than 100%.
report-note-options = A respondent may choose several answers, so the shares may add up to more than 100%.
report-note-uses-any = The group “{ $no }” includes respondents who gave no answer ({ $count }).

## Words for a share: the subject of the conclusions

noun-respondents-all = all respondents
noun-respondents-of = respondents
report-share-all = { $all }
report-share-great-majority = the great majority of { $of }
report-share-most = most { $of }
report-share-over-half = more than half of the { $of }
report-share-just-over-half = slightly more than half of the { $of }
report-share-half = half of the { $of }
report-share-nearly-half = almost half of the { $of }
report-share-under-half = fewer than half of the { $of }
report-share-under-third = fewer than a third of the { $of }
report-share-under-quarter = fewer than a quarter of the { $of }
report-share-few = few { $of }

report-list-and = { $list } and { $last }
report-sentence-empty = The survey has no respondents.
report-sentence-predicate = { $share } ({ $count } of { $n }, { $percent }) { $predicate }.
report-sentence-answer = “{ $answer }” is the answer of { $share } ({ $count } of { $n }, { $percent }).
report-sentence-nobody = “{ $answer }” is the answer of no respondent.
report-sentence-unanswered = { $respondents } ({ $percent }) did not answer.
report-sentence-cross-first = { $share } ({ $count } of { $n }, { $percent }): { $label }
report-sentence-cross-next = { $count } ({ $percent }): { $label }
report-sentence-cross-none = No respondent answers all of the questions.
report-sentence-systems-first = The solutions named most often: { $list }.
report-sentence-systems-others = Also named: { $list }.
report-sentence-systems-all = The solutions named: { $list }.
report-sentence-systems-none = No known solution is named.
report-sentence-options-first = The answers chosen most often: { $list }.
report-sentence-options-others = Chosen less often: { $list }.
report-sentence-options-all = The answers chosen: { $list }.
report-sentence-options-none = None of the answers offered is chosen.

## For the analyst

report-review-title = Answers for an analyst to review
report-review-text = These answers are counted in the tables, but a person has to decide what they mean. A name or spelling that is not recognised is added to the code list “systems” as a new system or an alias.
report-review-unmatched-title = Names and answers not recognised
report-review-unmatched-note = The tables count them in the rows “Others (names not recognised)”, “Other answers” and “Unclear answer”.
report-review-no-system-title = Answers that name no system
report-review-no-system-note = They do not count as using a system.
report-review-not-listed-title = Respondents that the list of institutions does not hold
report-review-not-listed-note = In the breakdown by kind they are in the group “kind not known”.
report-review-questions-title = Questions that the questionnaire does not hold
report-review-questions-note = No table counts the answers to them.

### Environment: the registry

fault-registry-url = registry { $url }: { $reason }; write sqlite:// and the path of the file, or postgres://user@host/database
fault-registry-url-no-scheme = it has no scheme
fault-registry-url-scheme = registries are SQLite files or PostgreSQL databases
fault-registry-url-no-file = it names no file
fault-registry-url-no-database = it names no database
fault-registry-url-parameter = there is no parameter "{ $name }"
fault-registry-url-certificate = there is no file { $path }
fault-registry-url-other = it cannot be understood (the characters / ? # @ of a password are written %2F %3F %23 %40)
fault-registry-open = cannot open the registry { $path }; check that the folder exists and that the file may be read and written
fault-registry-corrupt = the registry { $path } is damaged or is no registry; put the last backup in its place, or move it away to start anew
fault-registry-held-source = source { $name } is held by { $holder } (waited { $seconds } s); run again when it is done
fault-registry-held-pipeline = pipeline { $name } is held by { $holder } (waited { $seconds } s); run again when it is done
fault-registry-held-writer = the registry is being written by { $holder } (waited { $seconds } s); run again when it is done
fault-registry-held-unknown = another process
fault-registry-unreachable = the registry { $path } cannot be reached, or the connection to it was lost; nothing of what was under way is kept: run again when the server answers
fault-registry-refused = the registry { $path } does not let us in; check user, password (PGPASSWORD or .pgpass), database, and with sslmode=verify-full the certificate and sslrootcert
fault-registry-locked = another run or plan is writing to the registry { $path } (waited { $seconds } s); run again when it is done
fault-registry-read-only = the registry { $path } may only be read; give the user of vienkop the right to write it (a file and its folder; on a server CREATE on the schema, TEMPORARY on the database); vienkop check tells what is missing
fault-registry-full = no space left for the registry { $path } or its temporary files; free some and run again, nothing of what was begun was loaded
fault-registry-newer = the registry { $path } has schema version { $found }, this program knows { $known }; install the newer vienkop
fault-registry-older = the registry { $path } was made by an older vienkop; "vienkop run" brings it up to date, a plan writes nothing
fault-registry-migration = cannot prepare the tables of the registry { $path }
fault-registry-twice = source { $name } has delivered in run { $run } already; start another run
fault-registry-broken = comparing services broke off; this is a fault of the program, please report it
fault-lake-missing = The file { $path } of the event lake is missing, though the registry lists it. Registry and lake are one: put the file, or both, back from the last backup
fault-lake-damaged = The file { $path } of the event lake is damaged ({ $reason }); put it back from the last backup
fault-lake-write = The file { $path } of the event lake cannot be written: { $reason }
fault-registry-other = registry { $path }

### Performance indicators: vienkop kpi and section 3 of the report

performance-title = Performance of services
performance-period = Period: { $from } – { $to } (both days included).
performance-until = All requests are counted; last day: { $to }.
performance-counting = Service requests are counted; requests of other kinds have their own table. Received are counted by the day of submission, closed ones and their durations by the day of the last closing, open ones on the last day of the period. A duration runs from the first event that is no draft until the closing, in calendar time unless it says “working time”. The median is the middle value, the 90th percentile the time within which nine of ten stay. Where of any request only the day is known, the duration is shown in days. Shares are of the requests of which it can be told; “–” means there is nothing to count.
performance-volume-title = Volume
performance-volume-text = How many requests were received and closed, how many are open and overdue, and through which channels they came.
performance-time-title = Time
performance-time-text = How long requests took, and how often the expected and the statutory time was kept.
performance-outcome-title = Outcomes
performance-outcome-text = With what result requests were closed, and how often that went smoothly. The share of refusals is of the requests that were decided; “first time right” are those closed without ever waiting for the client.
performance-steps-title = Steps
performance-steps-text = How long requests were in each state (steps that ended in the period are counted), and how much longer open ones are expected to take.
performance-clause-3-1-title = Clause 3.1 of Cabinet Regulation No. 402
performance-clause-3-1-text = Services that meet the criterion: more than 5000 requests a year, or more than 10% of all requests of the institution. Where there is no e-service yet, one has to be considered. The year is the calendar year of submission; the last one may be unfinished.
performance-other-kinds-title = Requests of other kinds
performance-other-kinds-text = Requests that are no service requests; the indicators of services do not count them.

table-total = Key figures
table-total-note = Beside the whole: by what the times of statuses are known from. A log and timestamp columns are more reliable than the difference of two deliveries and what was entered by hand.
table-short-service = Services
table-short-institution = Institutions
table-short-channel = Channels
table-short-month = Months
table-volume-service = Volume by service
table-volume-institution = Volume by institution
table-volume-channel = Volume by channel
table-volume-month = Volume by month
table-volume-month-note = Open and overdue requests stand at the month in which they were submitted.
table-time-service = Time by service
table-time-institution = Time by institution
table-time-channel = Time by channel
table-time-month = Time by month of closing
table-outcome-service = Outcomes by service
table-outcome-institution = Outcomes by institution
table-outcome-channel = Outcomes by channel
table-outcome-month = Outcomes by month of closing
table-steps-total = Time of each step
table-steps-service = Time of each step by service
table-forecast-total = Remaining time of open requests
table-forecast-total-note = The time that others took from this step until they were closed, less the days that have passed. Not shown where fewer than 5 closed requests stand behind it.
table-forecast-service = Remaining time of open requests by service
table-clause-3-1 = Services that meet the criterion
table-other-kinds = Requests by kind

head-service = Service
head-institution = Institution
head-channel = Channel
head-month = Month
head-state = Step
head-kind = Kind
head-year = Year

measure-all = All
measure-no-derivation = Without events
measure-no-service = (no service named)
measure-no-channel = (channel not known)
measure-no-date = (date not known)
measure-unknown = (not known)
measure-received = Received
measure-electronic-share = By e-channels
measure-in-person = Received in person
measure-in-person-share = In person with recorded statuses
measure-undated = Without a date (not counted)
measure-open = Open
measure-overdue = Overdue
measure-due-unknown = Due date not known
measure-closed = Closed
measure-granted = Granted
measure-partly-granted = Partly granted
measure-refused = Refused
measure-completed = Completed, no result given
measure-withdrawn = Withdrawn
measure-forwarded = Forwarded
measure-cancelled = Cancelled
measure-refusal-share = Share of refusals
measure-timed = With a known duration
measure-median-seconds = Median
measure-p90-seconds = 90th percentile
measure-median-working-seconds = Median in working time
measure-p90-working-seconds = 90th percentile in working time
measure-expected-share = Within the expected time
measure-expected-of = Comparable with the expected time
measure-expected-undecidable = Not comparable with the expected time
measure-statutory-share = Within the statutory time
measure-statutory-of = Comparable with the statutory time
measure-statutory-undecidable = Not comparable with the statutory time
measure-first-time-right-share = First time right
measure-reopened = Reopened
measure-appealed = Appealed
measure-waited = Waited for the client
measure-waiting-median-seconds = Median of waiting for the client
measure-suspended = Were suspended
measure-suspended-median-seconds = Median of suspension
measure-stays = Stays
measure-behind = Stays behind it
measure-typical-seconds = From the beginning of the step (median)
measure-remaining-median-seconds = Still expected (median)
measure-remaining-p90-seconds = Still expected (90th percentile)
measure-requests = Requests
measure-holder-requests = Requests of the institution
measure-holder-share = Share
measure-digital-level = Digital level
measure-e-service = Conclusion
measure-short-expected-share = Expected
measure-short-statutory-share = Statutory
measure-short-refusal-share = Refusals
e-service-consider = an e-service has to be considered
e-service-exists = there is an e-service
e-service-unknown = an e-service has to be considered unless there is one (level not known)
e-service-no = the criterion is not met

duration-d = d
duration-h = h
duration-min = min
duration-s = s
duration-working-d = working d

report-of = of { $of }
report-measures-more = { $count ->
    [one] { $count } more row
   *[other] { $count } more rows
}

cli-kpi-empty = There is no request to count. Statuses are loaded by a source with the tables service_request and status_event: vienkop run. If you asked for a period, a service or an institution, try without.
cli-kpi-no-registry = There is no registry { $registry } yet. First: vienkop run
cli-kpi-service-unknown = neither a request nor the registry has a service with the code "{ $name }". Similar: { $nearest }
cli-kpi-institution-unknown = neither a request nor the registry has an institution "{ $name }". Similar: { $nearest }
cli-kpi-date = "{ $value }" is no date; write for example 2024-07-08
cli-kpi-order = the period ends ({ $to }) before it begins ({ $from })
cli-kpi-undecidable = Cannot be told: of { $due } open ones whether they are overdue (no due date, or no time exact enough); of { $expected } closed ones whether they kept the expected time, of { $statutory } the statutory time; of { $undated } which period they belong to (no date).

# Sections 2, 4 to 8 of the report
cannot-be-told = cannot be told
list-left = Records not shown here: { $count }; vienkop explain "{ $select }" lists all of them.
noun-services-all = all services
noun-services-of = services
noun-needs-all = all needs
noun-needs-of = needs
noun-items-all = all portfolio items
noun-items-of = portfolio items
noun-answers-all = all requirements
noun-answers-of = requirements
noun-institutions-all = all institutions
noun-institutions-of = institutions
noun-conditions-all = all conditions
noun-conditions-of = conditions
noun-records-all = all records
noun-records-of = records
conclusion-portfolio-total = { $share } ({ $count } of { $n }, { $percent }) have a registered service.
conclusion-portfolio-total-none = None of the { $n } portfolio items has a registered service.
conclusion-completeness-group = { $share } ({ $count } of { $n }, { $percent }) are described in all eight groups.
conclusion-completeness-group-none = None of the { $n } services is described in all eight groups.
conclusion-links-total = { $share } ({ $count } of { $n }, { $percent }) have a service that meets them.
conclusion-links-total-none = None of the { $n } needs has a service.
conclusion-catalogue-placement = { $share } ({ $count } of { $n }, { $percent }) stand in the catalogue that they must stand in.
conclusion-catalogue-placement-none = None of the { $n } services stands in the catalogue that it must stand in.
conclusion-freshness-institution = { $share } ({ $count } of { $n }, { $percent }) have an old description.
conclusion-freshness-institution-none = None of the { $n } descriptions of services is old.
conclusion-readiness-requirement = { $share } ({ $count } of { $n }, { $percent }) of which anything is known are met.
conclusion-readiness-requirement-none = Of the { $n } requirements of which anything is known none is met.
conclusion-readiness-institution = { $share } ({ $count } of { $n }, { $percent }) can be decided from what the registry holds.
conclusion-readiness-institution-none = None of the { $n } requirements can be decided from what the registry holds.
conclusion-technology-group = { $share } ({ $count } of { $n }, { $percent }) use the single state register of service management (T1).
conclusion-technology-group-none = None of the { $n } institutions uses the single state register of service management (T1).
conclusion-condition-support = { $share } ({ $count } of { $n }, { $percent }) can be decided from the data.
conclusion-condition-support-none = None of the { $n } conditions can be decided from the data.
conclusion-quality-source = { $share } ({ $count } of { $n }, { $percent }) come into the registry.
conclusion-quality-source-none = None of the { $n } records came into the registry.
conclusion-change-more = the share of “{ $label }” has grown most (by { $points } percentage points).
conclusion-change-less = the share of “{ $label }” has fallen most (by { $points } percentage points).
conclusion-change-none = the shares have not changed.
report-conclusion-unused = The analyst’s text “{ $id }” has no table in this report; it is not used.
coverage-title = Coverage
coverage-text = Whether the registry holds what it should: services against the portfolios of institutions, their descriptions, links, places in catalogues, and how fresh they are. Services that have ended are not counted.
coverage-portfolio-title = Services and portfolios
coverage-portfolio-text = A portfolio item is a service or a kind of service (group code) that an institution declares. For a municipality that declares nothing it is derived: a kind of service that a given share of municipalities offers (config/assessment.toml, shared_by). Where nothing is known of an institution’s portfolio, its coverage cannot be told.
coverage-completeness-title = Completeness of descriptions
coverage-completeness-text = By the eight description groups (PU2-7). A group is described where all its required and due fields are filled; where it has none of these, where any field is. The sixth group consists of links to resources and other services. Services of general benefit need no audience, channels or times.
coverage-links-title = Needs, services and resources
coverage-links-text = Every need has a service, every service a need and resources (P3, PU2-7). Services that are only planned need no resources yet.
coverage-catalogues-title = Places in catalogues
coverage-catalogues-text = Public services of individual benefit must stand in Latvija.gov.lv where they are for residents, in Business.gov.lv where they are for entrepreneurs, inter-institution services in Virsis.gov.lv (PU2-8). An offer needs an application or an e-form unless the service is in person only (P2). Where an offer names only the code of a service, several institutions have that code and the number does not help, the place cannot be told. What catalogues show is compared with what is registered.
coverage-freshness-title = Freshness of descriptions
coverage-freshness-text = A description is old where none of its sources has brought anything new for longer than the days set (config/assessment.toml, stale_after_days).
basis-all = All
basis-declared = Declared portfolio
basis-derived = Derived portfolio
group-1 = Identification
group-2 = Classification
group-3 = Legal basis
group-4 = Responsible
group-5 = Conditions and process
group-6 = Related services and resources
group-7 = Key performance indicators
group-8 = Information for recipients
measure-group-1 = 1 Ident.
measure-group-2 = 2 Class.
measure-group-3 = 3 Legal
measure-group-4 = 4 Resp.
measure-group-5 = 5 Process
measure-group-6 = 6 Links
measure-group-7 = 7 KPIs
measure-group-8 = 8 Inform.
presence-required = required
presence-due = due
presence-optional = optional
link-need = Needs with a service
link-service-need = Services with a need
link-service-resource = Services with a resource
head-basis = Basis
head-item = Code
head-code = Code
head-name = Name
head-number = Number
head-group = Description group
head-field = Field
head-presence = Due
head-link = Link
head-need = Need
head-life-event = Life event
head-catalogue = Catalogue
head-registered = In the registry
head-requirement = Requirement
head-benchmark-group = Group
head-level = Answered by
head-value = Value
head-why = Reason
head-technology = Technology group
head-technologies = Groups needed
head-condition = Condition
head-source = Source
head-rule = Rule
head-agency = Who must mend
head-remedy = What to do
head-measure = Measure
measure-expected = Expected
measure-registered-share = Registered
measure-missing = Missing
measure-services = Services
measure-institutions = Institutions
measure-with-services-share = With registered services
measure-with-portfolio-share = With a known portfolio
measure-described-share = Described
measure-not-described = Not described
measure-groups-share = Groups described
measure-filled-share = Filled
measure-empty = Empty
measure-linked-share = Linked
measure-not-linked = Not linked
measure-need-share = With a need
measure-resource-share = With a resource
measure-due = Due
measure-placed-share = In the catalogue
measure-not-placed = Missing
measure-placement-unknown = Cannot be told
measure-offers = Offers
measure-operable-share = With application or e-form
measure-operable-in-person = In person only
measure-not-operable = Without application
measure-operable-unknown = Cannot be told
measure-listed = Services shown
measure-unregistered = Not registered
measure-current-share = As registered
measure-stale-listed = Out of date
measure-not-compared = Not comparable
measure-stale-share = Old
measure-delivered-on = Last new delivery
measure-changed-on = Last change
measure-met = Met
measure-not-met = Not met
measure-readiness-unknown = Unknown
measure-not-applicable = Not applicable
measure-public-services = Public services
measure-known-share = Known
measure-met-share = Met of known
measure-has = Has
measure-has-not = Has not
measure-technology-unknown = Unknown
measure-fully = Fully
measure-partly = Partly
measure-not-supported = Not
measure-condition-unknown = Unknown
measure-mapped = Records
measure-accepted = Accepted
measure-quarantined = Quarantined
measure-duplicates = Duplicates
measure-standing = Stands in quarantine
measure-rejected = Unreadable rows
measure-findings = Findings
measure-errors = Errors
measure-warnings = Warnings
measure-infos = Notes
measure-sources = Sources
measure-lacking = Lacking
measure-delivery-status = Status
measure-last-new-on = Last new
measure-late = Late
measure-place = Place
measure-score = Score
measure-known-weight = Known weight
measure-trend = Trend
measure-part-coverage = Coverage
measure-part-completeness = Completeness
measure-part-needs = Needs
measure-part-resources = Resources
measure-part-catalogues = Catalogues
measure-part-readiness = Readiness
measure-part-freshness = Freshness
measure-before-share = Before
measure-now-share = Now
measure-change-points = Change, percentage points
measure-before = Before
measure-now = Now
measure-change = Change
table-portfolio-total = Portfolio items and registered services
table-portfolio-kind = Institutions of which anything is known
table-portfolio-institution = Registered services against portfolios by institution
table-completeness-group = Services described by description group
table-completeness-institution = Completeness by institution
table-completeness-field = Fields filled
table-links-total = Links in total
table-links-institution = Links by institution
table-catalogue-placement = Obligatory places in catalogues
table-catalogue-institution = Obligatory places by institution
table-catalogue-offer = Offers that can be requested
table-catalogue-listing = What catalogues show, against the registry
table-catalogue-listing-note = A service that a catalogue shows is out of date where the content hash that the catalogue gives is not that of the registry’s feed; not comparable where it gives none or an offer is about several services.
table-catalogue-mending = What must be mended in catalogues, by institution
table-catalogue-mending-note = Missing from an obligatory catalogue, shown otherwise than the registry has it, shown without being registered. What is shown without being registered counts for an institution only where the catalogue names it.
table-freshness-institution = Freshness by institution
table-readiness-requirement = Requirements
table-readiness-institution = Readiness by institution
table-technology-group = Institutions by technology group
table-technology-institution = Technology groups by institution
table-condition-support = Institutions whose technology supports the condition
table-quality-source = Deliveries by source
table-quality-rule = Findings by rule
table-quality-institution = What the registry lacks by institution
table-score-institution = Scores of institutions
table-portfolio-kind-note = The coverage of an institution without a known portfolio cannot be told.
table-readiness-requirement-note = “Unknown” is never counted as “not met”. An empty field means “not met” only where it is due or the institution fills it for another of its services.
table-readiness-institution-note = The known share is of the requirements that apply to the services; the met share is of those known.
table-technology-group-note = An institution has a group where a survey answer, a record of technology in use or a resource of the institution says so; it has not where all questions about it were answered with no.
table-condition-support-note = Fully: all groups needed are there; partly: some are and some are not; not: none is.
table-quality-source-note = Records = accepted + quarantined + duplicates. The numbers are those of each source’s latest run; “Stands in quarantine” and findings are of earlier deliveries of changes too, until the record comes again.
table-score-institution-note = A score from 0 to 100 is the mean of the known parts by weight; an institution of which too little is known (config/assessment.toml, least_known) has none.
list-portfolio-missing = Portfolio items without a registered service
list-portfolio-missing-note = The institution offers these, or should, and has not registered them.
list-unmet-needs = Unmet needs
list-unmet-needs-note = Needs that no service is linked to.
list-services-without-need = Services without a need
list-services-without-need-note = Possibly superfluous services: no need is linked to them.
list-services-without-resource = Services without a resource
list-services-without-resource-note = Services of which it is not known what they need to be provided.
list-catalogue-missing = Services missing from an obligatory catalogue
list-catalogue-missing-note = They must stand there by their kind and audience.
list-offers-inoperable = Offers without application or e-form
list-offers-inoperable-note = The service is not in person only, and cannot be requested online.
list-listing-stale = Shown otherwise than registered
list-listing-stale-note = The catalogue must take the description anew from the feed.
list-listing-unregistered = Shown without being registered
list-listing-unregistered-note = Register the service, or take the offer off.
registered-no = no such service
registered-ended = has ended
list-readiness-undecided = Requirements that the data cannot decide
list-readiness-undecided-note = They count as not met for no service.
list-conditions-undecided = Conditions that the data cannot decide
list-conditions-undecided-note = They are not counted as unsupported.
list-mending = What each agency must mend
list-mending-note = Errors and warnings of the latest deliveries; vienkop findings shows the records.
readiness-title = Readiness for the eGovernment Benchmark
readiness-text = The requirements of section 4.3.4 of the architecture document, binding from 2030. Public services that are no longer merely planned are looked at.
readiness-requirements-title = Requirements
readiness-requirements-text = For how many services each requirement is met, not met, unknown or not applicable.
readiness-institutions-title = Readiness by institution
readiness-institutions-text = Pairs of service and requirement are counted.
benchmark-OA = Online availability
benchmark-MF = Mobile friendliness
benchmark-US = User support
benchmark-SD = Service delivery
benchmark-PD = Personal data
benchmark-DE = Service design
benchmark-KE = Key enablers
benchmark-CB = Cross-border
benchmark-none = –
level-service = service description
level-application = application
level-institution = institution
level-requests = request data
why-no-field = the registry has no field for it
why-application = it shows only in the application itself
why-workplace = it shows only in the client’s workplace
why-groups = nothing is known of any institution about { $groups }
why-apart = of no institution all the groups needed are known together
why-not-mapped = not mapped: the architecture document names no technology group for it
readiness-online-available = Available online
readiness-deep-link = Deep link to the application
readiness-mobile-friendly = Fit for mobile devices
readiness-faq = Frequently asked questions
readiness-demo = Demonstration
readiness-chatbot = Chatbot
readiness-support-l2-phone = Second-level support telephone
readiness-video-consultation = Video consultation
readiness-feedback = Feedback
readiness-social-links = Social network accounts
readiness-appeal = Appeal channels and term
readiness-in-person-statuses-recorded = Statuses of in-person services recorded
readiness-steps-defined = Steps defined
readiness-step-time-recorded = Time of steps recorded
readiness-progress-visible = Progress visible to the client
readiness-remaining-time-forecast = Forecast of the remaining time
readiness-draft-supported = Drafts can be kept
readiness-app-time-estimate = Estimate of the time to fill in
readiness-expected-time-stated = Expected time stated
readiness-statutory-time-shown = Statutory time shown
readiness-rating-shown = Rating shown
readiness-draft-data-monitoring = Monitoring of the use of personal data
readiness-own-data-view = View of one’s own data
readiness-data-correction = Correction of data
readiness-improvement-suggestions = Suggestions for improvement
readiness-codesign-link = Link for participation (TAP)
readiness-strong-auth = Strong authentication
readiness-single-sign-on = Single sign-on
readiness-eidas = eIDAS
readiness-push-notifications = Push notifications
technology-title = Technology and the conditions it supports
technology-text = The technology groups T1 to T10 and the conditions of creating, providing and improving services, by annex 2 of the architecture document. Institutions of which anything is known are counted.
technology-groups-title = Technology groups
technology-groups-text = How many institutions have each group, have it not, or are not known.
technology-conditions-title = Conditions
technology-conditions-text = A condition can be told where of at least one institution all the groups that it needs are known. The survey does not ask for T7, T8 and T10, so that it alone can decide N1-1, N1-5, N2-2, N4-1, N4-2 and N6-2.
technology-institutions-title = Technology by institution
technology-institutions-text = Which group each institution has.
technology-yes = yes
technology-no = no
technology-unknown = ?
quality-title = Data quality
quality-text = What the sources delivered and what must be mended in it.
quality-deliveries-title = Deliveries
quality-deliveries-text = The latest run of each source: how many records it had, how many were accepted and quarantined, and whether the source is late.
quality-rules-title = Findings by rule
quality-rules-text = What the rules found in the deliveries of all sources and is not mended yet; vienkop explain CODE says what a code means.
quality-mending-title = What must be mended
quality-mending-text = What institutions must mend: in the registry as a whole, and in deliveries.
delivery-ok = delivered
delivery-failed = failed
delivery-approval = waits for approval
delivery-gate = held back
late-yes = late
late-no = in time
late-unknown = cannot be told (no expected_every)
score-title = Scores of institutions
score-text = What each institution’s score is made of: the parts are numbers of this report, the weights stand in config/assessment.toml.
score-not-approved = The method is not approved
score-approved = The method is approved: { $by }.
score-part = { $part } (weight { $weight })
change-title = Change since the previous assessment
change-since-assessment = Compared with the assessment as of { $day }.
change-since-wave = Compared with the previous wave of the survey, closed on { $day }.
change-text = Numbers are joined by their ids; percentage points are differences of shares. The respondents may be others.
change-survey-title = Survey
change-survey-text = The tables that both have.
change-other-title = Other numbers
change-other-text = { $count ->
    [one] { $count } number has not changed; those that have are shown below.
   *[other] { $count } numbers have not changed; those that have are shown below.
}
cli-previous-missing = There is no previous assessment: { $path } cannot be read. Name the folder that holds its report.json, or the day that it was made for, for example 2024-07-08.
cli-previous-broken = { $path } is no report of this program: { $reason }
cli-figure-id = Id
cli-figure-label = Number
cli-figure-value = Value
cli-figure-select = Selector
cli-figure-found = The selector finds
cli-figure-sources = Sources
cli-figure-list = Records
cli-figure-differs = The selector finds another number than the report says: the registry has changed meanwhile, or the program is wrong.
cli-figure-none = The report has no number “{ $id }”; the nearest: { $nearest }.
cli-figure-not = “{ $id }” ({ $value }): { $why }
cli-figure-derived = The number counts no records: it follows from the others of its row. What stands behind each of them is told by its id:
cli-figure-unresolved = no set of records stands behind this number: it is worked out from other numbers of the report.
cli-figure-records = { $count ->
    [one] { $count } record
   *[other] { $count } records
}
cli-figure-left = { $count ->
    [one] … and { $count } more record (all with --json)
   *[other] … and { $count } more records (all with --json)
}
config-score-weights = all weights are 0: there is nothing to score
config-hint-score-weights = At least one weight must be more than 0.
config-score-approved = the method is marked as approved, and nobody says by whom
config-hint-score-approved = Say it in approved_by: who approved it and when.
config-conclusion-id = there is no table “{ $value }”
config-pipeline-file = unknown file “{ $file }” in the folder of a pipeline

### Onboarding of a register: vienkop onboard

config-onboarding-name = neither the model nor the code lists have “{ $value }”
onboard-no-terminal = There is no terminal to ask on. With --yes what was found is taken without questions.
onboard-no-variable = The environment variable { $name } is not set.
onboard-not-found = No such file or folder: { $path }
onboard-no-tables = The database { $path } has no tables that we may read.
onboard-nothing-readable = No file can be read. { $files }
onboard-nothing = Nothing that was found is like the registry's model, so no file was written:
  { $left }
onboard-id-taken = There is a source { $id } already: { $file }. Name another with --id; an earlier draft is replaced by --replace.
onboard-file-exists = The file { $file } is there already; --replace writes over it, --id gives another name.
onboard-left-empty = not a single row
onboard-left-unknown = nothing of the registry's model was recognised in its columns
onboard-left-unreadable = neither a workbook nor XML nor JSON nor delimited text
onboard-left-format = another format ({ $kind }): a source has one format, this file needs a source of its own

onboard-ask-id = Id of the source (also the name of its file)
onboard-ask-id-form = “{ $id }” will not do: only small Latin letters, digits and hyphens.
onboard-ask-id-taken = There is a source “{ $id }” already.
onboard-ask-title = What summaries call the source
onboard-ask-institution = Registration number of the institution (11 digits; empty if not known yet)
onboard-ask-institution-form = A registration number has 11 digits.
onboard-ask-table = Is this table understood rightly?
onboard-ask-right = Yes
onboard-ask-change = Change the column of a field
onboard-ask-leave = Do not read this table
onboard-ask-field = Which field
onboard-ask-column = From which column
onboard-ask-none = (from none)
onboard-ask-personal = This column holds data about persons; the field is not meant for them.
onboard-ask-code = What does “{ $text }” mean in { $field }?
onboard-ask-no-code = (I shall decide later)
onboard-ask-write = Write the file { $file }?

onboard-table = { $place }: { $entity } ({ $percent } %), rows looked at: { $rows }
onboard-col-column = Column
onboard-col-filled = Filled
onboard-col-looks = Holds
onboard-col-becomes = Becomes
onboard-col-why = Why
onboard-hidden = (about a person: not read, shown nowhere)
onboard-missing = ✗ The required field { $field } ({ $label }) was not found.
onboard-preview = { $entity }: of the rows looked at ({ $rows }), { $accepted } would load and { $quarantined } be quarantined. The first records:
onboard-findings = Findings: { $codes }
onboard-done = Wrote { $file }. Read it: behind every line it says why it is there.
  What would happen: { $plan }
  Load:              { $run }
onboard-incomplete = Wrote { $file }, but it cannot be run yet: required fields are missing ({ $fields }).
  If only the institution is missing, run again with --institution REG_NO --replace. Otherwise complete the file and take
  “.draft” off its name; vienkop check will say if anything is still wrong.
onboard-secret = The source takes the database's address from the environment variable { $name }; set it before you run the source.
onboard-key = The source holds personal data, so a key of pseudonyms is needed before loading: set the environment variable { $name }.

onboard-file-made = A draft that “vienkop onboard” made of “{ $name }”.
onboard-file-check = Behind the lines: how sure it is and why. After changes: vienkop check { $id }
onboard-file-institution = registration number of the institution, 11 digits
onboard-file-delivers = every delivery holds everything; "delta" if only changes
onboard-file-found = found by the content
onboard-file-quarantined = if a greater share is quarantined (1 = all), nothing is loaded
onboard-file-left-out = Not read: { $name } ({ $because }).
onboard-file-missing = MISSING is the required field { $field } ({ $label }): write which column it is read from.
onboard-file-due = Fields that should be there and that nothing was found for: { $fields }
onboard-file-left = Columns that are not read: { $columns }
onboard-file-personal = about persons: shown nowhere
onboard-file-repeats = a record stands in several rows
onboard-file-heading = a heading or note amid the rows
onboard-file-empty = mean that there is none
onboard-file-code = { $confidence }, rows: { $rows }
onboard-file-no-code = rows: { $rows }; choose a code (vienkop list codelists)

onboard-confidence = { $percent } %
onboard-why-header = header like “{ $phrase }”
onboard-why-looks = { $looks } ({ $percent } % of the values)
onboard-why-codes = list { $list } understands { $percent } %
onboard-why-assumed = assumed, since nothing else is said
onboard-why-chosen = your choice
onboard-why-unit = CHECK: no unit is named, “{ $unit }” assumed

onboard-looks-personal-code = personal code
onboard-looks-person-name = person's name
onboard-looks-phone = telephone number
onboard-looks-address = address
onboard-looks-email = e-mail address
onboard-looks-reg-no = registration number
onboard-looks-atvk = ATVK code
onboard-looks-url = web address
onboard-looks-date = date
onboard-looks-moment = date and time
onboard-looks-epoch = time since 1970
onboard-looks-duration = duration
onboard-looks-integer = whole number
onboard-looks-decimal = number
onboard-looks-boolean = yes or no
onboard-looks-legal-act = law or regulation
onboard-looks-fee = fee
onboard-looks-hash = hash
onboard-gate = { $share } % of the records would be quarantined, and the source allows { $most } %: nothing would be loaded. Mend in the register what is named above, or raise max_quarantined_share at the end of the draft; the rows left in quarantine can then be had as a workbook and mended.

### Inbox and correction workbook

cli-inbox-unreadable = The inbox "{ $inbox }" cannot be read: { $reason }
cli-inbox-unfinished = { $source }: the file "{ $file }" is still being copied; the next run takes it.
cli-inbox-open = { $source }: the file "{ $file }" is open in a program; close it, and the next run takes it.
cli-inbox-unmoved = { $source }: the file "{ $file }" cannot be moved ({ $reason }). It was taken in; the next run tries again.
inbox-result-head = vienkop · { $moment } · run { $run }
inbox-result-source = File: { $file } · Source: { $title }
inbox-result-loaded = The file is loaded.
inbox-result-partly = The file is loaded, but some rows were not accepted: they are in quarantine.
inbox-result-failed = Nothing of the file is loaded. { $error }
inbox-result-read = Rows read: { $count }
inbox-result-skipped = Rows left out: { $count }
inbox-result-accepted = Records accepted: { $count }
inbox-result-inserted = – new ones: { $count }
inbox-result-changed = – changed ones: { $count }
inbox-result-unchanged = – unchanged ones: { $count }
inbox-result-retired = Records retired: { $count }
inbox-result-quarantined = In quarantine: { $count }
inbox-result-closed = Earlier records in quarantine closed: { $count }
inbox-result-findings = What was found
inbox-result-export = The rows not accepted, with what is wrong in their cells: { $command }
cli-quarantine-export-rows = { $count ->
    [one] { $count } row to be mended and sent back
   *[other] { $count } rows to be mended and sent back
}
cli-quarantine-export-along = { $count ->
    [one] { $count } row without mistakes, of the same lists
   *[other] { $count } rows without mistakes, of the same lists
}
cli-quarantine-export-uncut = { $count ->
    [one] { $count } row that could not be cut into cells
   *[other] { $count } rows that could not be cut into cells
}
cli-quarantine-export-expired = { $count ->
    [one] { $count } record whose original file is no longer kept or cannot be read any more: only its key and columns without personal data
   *[other] { $count } records whose original file is no longer kept or cannot be read any more: only keys and columns without personal data
}
cli-quarantine-export-findings = { $count ->
    [one] { $count } finding
   *[other] { $count } findings
}
cli-quarantine-export-personal = The file holds the agency's own data with all columns, personal data too; only its owner can read it. Send it in a safe way only.
cli-quarantine-export-inbox = The mended file goes into the folder "{ $inbox }"; the next run loads it.
cli-quarantine-export-no-inbox = The source has no inbox: so that the mended file can be loaded, add a line inbox = "folder" to { $file }.
cli-quarantine-export-exists = The file { $file } is there already; it is not overwritten, since somebody may be mending it. Give another name: --output FILE
correction-title = { $title }: rows to be mended
correction-what = Here is all that vienkop could not accept in deliveries of the source "{ $title }" ({ $source }) up to run { $run }; made on { $day }.
correction-mend = 1. The sheets { $sheets } hold your agency's rows with all columns as they were delivered. The column "vienkop: what to mend" and the comments of the cells say what is wrong and how it is mended. Red cells have to be mended, yellow ones looked at. Mend your own columns only; rows may be sorted and filtered.
correction-keep = 2. Leave the first three columns, the names of the sheets, the headers and this sheet as they are: they tell which row mends what. A row that you cannot mend yet may stay as it is or be deleted; it stays in quarantine. An apostrophe at the beginning of a cell (such as '=) keeps a text from being calculated as a formula; it goes away when the file is loaded. The sign ‖ separates several values in a cell.
correction-send-inbox = 3. Save the file as an Excel or LibreOffice workbook (xlsx or ods) and put it into the folder "{ $inbox }". After the next load it lies in the folder "done" or "failed" below, with a text file beside it that says what came of it.
correction-send = 3. Save the file as an Excel or LibreOffice workbook (xlsx or ods) and send it to those who look after the source "{ $source }" in vienkop, from whom you got it.
correction-own-system = 4. Mend the same in your own system or register: otherwise the next whole delivery brings the mistakes again.
correction-uncut = { $count ->
    [one] The sheet "Uncut rows" has { $count } row that could not be cut into cells. It cannot be sent back with this workbook: mend it in your export.
   *[other] The sheet "Uncut rows" has { $count } rows that could not be cut into cells. They cannot be sent back with this workbook: mend them in your export.
}
correction-expired = { $count ->
    [one] The sheet "Without original file" has { $count } record whose original file is no longer kept or cannot be read any more. Only its key, row number and columns without personal data are left; deliver this record again from your system.
   *[other] The sheet "Without original file" has { $count } records whose original file is no longer kept or cannot be read any more. Only keys, row numbers and columns without personal data are left; deliver these records again from your system.
}
correction-personal = These are your agency's own data with all columns, in which there may be personal data. Keep and send the file as your agency's rules for such data say, and delete it when it is mended.
correction-column-where = where
correction-column-wrong = what to mend
correction-along = No mistakes: another row of the same list, needed to keep the list whole. Do not change or delete it.
correction-too-long = A cell has more text than a workbook can hold: mend this row in your own system.
correction-sheet-uncut = Uncut rows
correction-sheet-expired = Without original file
correction-sheet-rules = Mistakes by kind
correction-sheet-findings = All findings
correction-head-code = Code
correction-head-severity = Severity
correction-head-title = What is wrong
correction-head-remedy = How to mend it
correction-head-meaning = What it means
correction-head-count = Count
correction-head-where = Where
correction-head-column = Column
correction-head-value = Value
correction-head-message = Explanation
correction-head-entity = What
correction-head-key = Key
correction-head-text = Text of the row
config-inbox-none = kind = "inbox" takes only what is put into the source's inbox, but none is named
config-hint-inbox = write inbox = "folder" at the top of the source's file
config-inbox-fetched = the inbox is also where the source is fetched from ("{ $path }"): files would be taken twice
config-hint-inbox-fetched = name another folder, or write kind = "inbox"
config-inbox-shared = the inbox "{ $inbox }" is that of the source "{ $source }" already
config-hint-inbox-shared = each source has a folder of its own
# Publishing
publish-duration-min = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
publish-duration-h = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
publish-duration-d = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
publish-duration-working-d = { $count ->
    [one] { $count } working day
   *[other] { $count } working days
}
publish-duration-month = { $count ->
    [one] { $count } month
   *[other] { $count } months
}
publish-service = { $institution }, { $code } “{ $name }”
cli-publish-title = Publication as of { $as_of }
cli-publish-head = Published
cli-publish-col-catalogue = Catalogue
cli-publish-col-feeds = Feeds
cli-publish-col-entries = Services
cli-publish-col-inserted = New
cli-publish-col-changed = Changed
cli-publish-col-removed = Removed
cli-publish-since = There is no publication of { $day } or before it that changes could begin with; those kept are: { $known }.
cli-publish-since-told = Changes are those since the publication of { $day }.
cli-publish-broken = The earlier feed { $path } is not as it was written; changes are told as if it had been empty.
cli-publish-held = { $catalogue } would lose { $removed } of its { $shown } services: more than max_removed_share in [publish] allows.
cli-publish-waits = Nothing was published. If these services are to go: { $command }
cli-publish-done = Published: { $folder } ({ $files } files, { $kib } KiB)
cli-publish-dry = Nothing was written; this would be { $folder } ({ $files } files, { $kib } KiB).
cli-publish-more = { $count ->
    [one] … and { $count } more (all with --json)
   *[other] … and { $count } more (all with --json)
}
cli-publish-no-registry = There is no registry yet at { $registry }: first run vienkop run.
P001-title = Service that may not be published
P001-message = { $hint } is not published ({ $expected }): it has neither an application nor an e-form and is not in person only.
P001-remedy = Register the application or e-form of the service (application, or addresses of forms), or mark it as in person only and say why.
P001-explain = A public service may not be in the state's portals and on websites without an application or e-form, unless it can by its nature only be had in person (architecture of digital technologies for service delivery, P2). Such a service is left out of the feeds; the report counts it as missing from its obligatory catalogue once it is not there. Which services this goes for stands in config/catalogues.toml (application).
P002-title = Service whose catalogue cannot be told
P002-message = { $hint }: in which catalogue it must be cannot be told, since the field "{ $field }" is empty.
P002-remedy = Give the kind of the service and whom it is for (kind, audience) in the register.
P002-explain = In which catalogue a service must be follows from its kind and audience (PU2-8): public services of individual benefit for residents in latvija.gov.lv, for entrepreneurs in business.gov.lv, inter-institution services in virsis.gov.lv. Without them the service is in none of these feeds, and nobody misses it there.
P003-title = Address left out of what is published
P003-message = { $hint }: the address "{ $value }" ({ $field }) is left out of feeds, since no web page opens by it.
P003-remedy = Write the whole address, beginning with https:// or http://.
P003-explain = Addresses in feeds are followed by people, so only those of web pages are published; an address without a scheme, with spaces or with something that a browser would run (javascript:) is left out. The service itself is published.
P004-title = Record that another register has not taken
P004-message = { $hint }: "{ $expected }" has not taken the record: { $value }
P004-remedy = Mend in the register what the answer names; if the answer is about the form of what was sent, mend the target's file in config/targets.
P004-explain = The interface of another register answered that the request will not do, and why; these are its words (without personal codes and secrets). An answer 409 is tried again before, since registers mostly say with it that they are still working at the same request. A record that was not taken is sent again in every delivery until it is; the other register keeps the content that it took before. How large a share may be left before the delivery counts as failed is max_undelivered_share in [deliver].
P005-title = Record that waits for another
P005-message = { $hint } was not sent: the field "{ $field }" refers to the record { $value }, which "{ $expected }" does not have yet.
P005-remedy = Mend the reason why the record that it refers to was not taken; the next delivery then sends both.
P005-explain = Records are sent in such an order that those which others refer to go first. Where such a record is not taken, the other register would not take what refers to it either, or the link would lead nowhere; so it waits.
P006-title = Record without an address
P006-message = { $hint } was not sent to "{ $expected }": the field "{ $field }", which the address of the request takes, is empty or cannot stand in an address.
P006-remedy = Fill the field in the register, or say in the target's file what stands in its place: {"{"}field|value{"}"}.
P006-explain = In the target's file the address of a request (send, create) has gaps that fields of the record fill. Without a value the address would be another one, and the request might change another record; so it is not sent.
P007-title = Record of which nobody knows whether the target has it
P007-message = { $hint }: nobody knows what "{ $expected }" has of this record: { $value }
P007-remedy = If the target merely did not answer for a while, nothing has to be done: the next delivery sends it again with the same key. If it happens again, ask those who keep the register, or mend the target's file.
P007-explain = The connection broke, no answer came in time, or the register answered that something had failed there. It may have taken the record. So the record is noted as sent, and the next delivery sends it again: the same content with the same idempotency key, by which the register knows it and does not take it twice.
P008-title = Two records with one address
P008-message = { $hint } was not sent to "{ $expected }", since another record has the same address ({ $value }).
P008-remedy = Mend the code that two records share, or say in the target's file an address that is one record's alone, with {"{"}uid{"}"} for example.
P008-explain = The address of the request (send) says which record is changed there. Where two records have the same, the one sent last would replace the first, and both would be gone when one is removed; so neither is sent.

## Delivery to other registers

config-unknown-target = no target "{ $value }" (config/targets/<id>.toml)
config-deliver-entity = "{ $value }" is no entity that can be delivered
config-deliver-when = "{ $value }" is no field with a single value to choose by
config-deliver-code = code "{ $value }" is not in the list
config-deliver-codes = "{ $value }" is no field that takes its values from a code list
config-deliver-codes-missing = what these codes are at the target is not said: { $value }
config-deliver-body = the request needs a content: [record.body]
config-deliver-method = a record cannot be sent by { $value }
config-deliver-find = where the target gives out the ids, say how it is asked whether it has a record: find (else a request that broke off would make a second one)
config-deliver-find-alone = find is needed only together with create
config-deliver-no-id = "{ $value }" is not known here: the id is given out by the target and taken from its answer (id = "/…")
config-deliver-id = say where in the answer the id is: id = "/…"
config-deliver-pointer = a JSON Pointer begins with "/": "{ $value }"
config-deliver-batch-create = many records at a time can only be sent by send, without create
config-deliver-batch-path = the address of a request with many records can have no gaps: "{ $value }"
config-deliver-batch-id = a request with many records takes no id
config-deliver-path = the address must not be empty
config-deliver-path-brace = the address has a brace that is no gap: "{ $value }"
config-deliver-path-same = the address is the same for all records: it needs a gap that says which, such as {"{"}uid{"}"}
config-deliver-path-begins = the address begins without "/" and without a server, since server.url goes before it: "{ $value }"
config-deliver-no-create = by "{ $value }" only what the target has made can be sent: create and find are needed
config-deliver-remove-gap = "{ $value }" does not say which record is to be removed
config-deliver-each = the record has no list "{ $value }"
config-deliver-each-member = a list is said by each and item only, not "{ $value }"
config-deliver-each-item = say what an item of the list "{ $value }" is: item
config-deliver-gap = there is nothing to fill the gap "{ $value }" with
cli-target-unknown = There is no target "{ $name }". Similar: { $nearest }
deliver-record = { $entity } { $key }
deliver-record-gone = { $entity }, removal ({ $key })
deliver-record-named = { $entity } { $key } "{ $name }"
cli-deliver-head = Delivery: { $title } ({ $url })
cli-deliver-head-dry = Would be delivered: { $title } ({ $url })
cli-deliver-col-entity = Records
cli-deliver-col-created = New
cli-deliver-col-updated = Changed
cli-deliver-col-removed = Removed
cli-deliver-col-unchanged = Unchanged
cli-deliver-col-refused = Refused
cli-deliver-col-unknown = Not known
cli-deliver-col-waiting = Waiting
cli-deliver-staying = { $count ->
    [one] { $count } record that the registry no longer holds stays at the target: its file has no request that takes it away (remove).
   *[other] { $count } records that the registry no longer holds stay at the target: its file has no request that takes them away (remove).
}
cli-deliver-example = The first request of each entity:
cli-deliver-held = Nothing was sent: of { $there } records ({ $entity }) that the target has, { $removed } would be taken away, more than max_removed_share in [deliver] allows. If they are to go indeed: { $command }
cli-deliver-stopped = The delivery was stopped; what was taken is noted, and the next delivery goes on from here. Reason: { $reason }
cli-deliver-cancelled = somebody asked for it.
cli-check-target-ok = { $target }: the target can be reached
cli-check-target-bad = { $target }: { $message }
cli-deliver-contact = About what was refused ask: { $contact }
cli-verdict-delivery = The sources are loaded, but not everything was delivered: see above.

## CPSV-AP and DCAT-AP

cli-publish-cpsv = CPSV-AP: services { $services }, institutions { $organisations }, life events { $events } (cpsv.ttl, cpsv.jsonld)
cli-publish-dcat = DCAT-AP: data sets { $datasets }, data services { $dataservices }, catalogue records { $records } (dcat.ttl, dcat.jsonld)
cli-publish-no-base = { $profile } is not published: config/vienkop.toml needs, in [publish], base_iri (what the addresses of everything published begin with, for example https://registrs.iestade.gov.lv/id/) and publisher (the registration number of the institution whose catalogue it is).
rdf-address-left-out = { $profile }: { $count ->
    [one] { $count } address is not published, since it is no sound web address
   *[other] { $count } addresses are not published, since they are no sound web addresses
 } (http or https, no spaces, no user or password): "{ $example }".
rdf-duration-left-out = { $profile }: { $count ->
    [one] { $count } duration is not published, since it is not sound
   *[other] { $count } durations are not published, since they are not sound
 }: "{ $example }".
rdf-description-missing = { $profile }: { $count ->
    [one] { $count } service has its name in place of a description
   *[other] { $count } services have their names in place of descriptions
 }, since there is none and the standard demands one: "{ $example }".
rdf-institution-unknown = { $profile }: { $count ->
    [one] { $count } institution has its registration number in place of a name
   *[other] { $count } institutions have their registration numbers in place of names
 }, since the registry does not know them: { $example }.
