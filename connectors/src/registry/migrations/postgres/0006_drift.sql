-- What a source's deliveries looked like when one was loaded last: columns of what each of its tables reads, in order.
-- part: what the table reads, as its source's file says it; shapes, rare: how the values are written, words apart by
-- spaces; filled: of a hundred rows, how many had a value; since_run: the run that saw the column first.
CREATE TABLE schema_column (
    source TEXT COLLATE "C" NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    shapes TEXT COLLATE "C" NOT NULL,
    rare TEXT COLLATE "C" NOT NULL,
    filled BIGINT NOT NULL,
    since_run BIGINT NOT NULL,
    PRIMARY KEY (source, part, name)
);

-- Texts of those that are mapped to code lists; personal codes masked.
CREATE TABLE schema_code (
    source TEXT COLLATE "C" NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    since_run BIGINT NOT NULL,
    PRIMARY KEY (source, part, name, code)
);
