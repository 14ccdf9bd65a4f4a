-- What a source's deliveries looked like when one was loaded last: columns of what each of its tables reads, in order.
-- part: what the table reads, as its source's file says it; shapes, rare: how the values are written, words apart by
-- spaces; filled: of a hundred rows, how many had a value; since_run: the run that saw the column first.
CREATE TABLE schema_column (
    source TEXT NOT NULL,
    part TEXT NOT NULL,
    name TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    shapes TEXT NOT NULL,
    rare TEXT NOT NULL,
    filled INTEGER NOT NULL,
    since_run INTEGER NOT NULL,
    PRIMARY KEY (source, part, name)
) STRICT;

-- Texts of those that are mapped to code lists; personal codes masked.
CREATE TABLE schema_code (
    source TEXT NOT NULL,
    part TEXT NOT NULL,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    since_run INTEGER NOT NULL,
    PRIMARY KEY (source, part, name, code)
) STRICT;
