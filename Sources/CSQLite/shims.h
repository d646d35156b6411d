#ifndef POSTERN_CSQLITE_SHIMS_H
#define POSTERN_CSQLITE_SHIMS_H
#include <sqlite3.h>
// SQLITE_TRANSIENT is a cast that Swift can't import: SQLite copies the bytes before the call returns.
static inline sqlite3_destructor_type postern_sqlite_transient(void) { return SQLITE_TRANSIENT; }
#endif
