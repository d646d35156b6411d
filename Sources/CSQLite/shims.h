#ifndef POSTERN_CSQLITE_SHIMS_H
#define POSTERN_CSQLITE_SHIMS_H
#include <sqlite3.h>
// SQLITE_TRANSIENT is a cast that Swift can't import: SQLite copies the bytes before the call returns.
static inline sqlite3_destructor_type postern_sqlite_transient(void) { return SQLITE_TRANSIENT; }
// sqlite3_db_config is variadic, which Swift can't call: no statement of ours may then damage the file's own pages.
static inline int postern_sqlite_set_defensive(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}
#endif
