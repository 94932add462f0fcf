// The triggers that keep the plaintext and the ciphertext of a column in step while one is made of
// the other (rotation/conversion.h), as SQL. Pure functions.
//
// One of the two columns leads: it is what counts. The other follows: it is filled by jobs, or by
// an application that writes both. Whatever statement changes a row (also COPY, MERGE, replication:
// the triggers fire ALWAYS), these hold afterwards:
//   - Where the leader was changed and the follower was not, the follower is NULL, and so are the
//     columns that go with it (blind index, version). A ciphertext that follows is also bound to
//     columns of its context: a change of one of these is one of the leader.
//   - protect_closed, unprotect_closed: no row has got a leader without a follower. Rows that were
//     so before may be changed elsewhere. An INSERT is refused even where it is one row's way to
//     another partition, which PostgreSQL makes a DELETE and an INSERT of.
//   - protected, unprotected: nothing is written into the follower but NULL. (A row that moves to
//     another partition loses it.) What is written into a leading ciphertext is one, as far as
//     its first bytes tell: an application that still writes plaintext into the name of old is
//     refused.
// "Changed" is by the bytes of the values: types may call different texts equal.
//
// Conditions stand in the triggers, where PostgreSQL keeps them by the numbers of columns: renaming
// columns or tables leaves them right, and a row that is in step costs no call of a function. What
// clears the follower goes by its name; where that was renamed, an UPDATE that should clear it
// fails, until the triggers are made anew. Functions called by triggers take no rights of the
// caller's on schema kms.
#ifndef FIELDKMS_ROTATION_IN_STEP_H_
#define FIELDKMS_ROTATION_IN_STEP_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "rotation/registry.h"

namespace fieldkms::rotation {

// What the names of the triggers begin with. Of triggers that fire at the same time PostgreSQL
// calls the one with the lesser name first, byte by byte: these must be the last.
inline constexpr std::string_view kInStepPrefix = "~fieldkms_";

// What the names of one column's triggers begin with.
std::string InStepPrefix(const ProtectedColumn& column);

// Whether the plaintext leads: kProtect, kProtectClosed, kUnprotected.
bool PlaintextLeads(Conversion conversion);
// The column that leads and the one that follows, of a column with plain_column.
const std::string& LeaderOf(const ProtectedColumn& column);
const std::string& FollowerOf(const ProtectedColumn& column);

// Statements that make the function and the triggers of a column at its stage (`conversion`, one
// with a plain_column), where there are none, and that drop all of any stage. To be run in one
// transaction, with the table locked.
std::string CreateInStepSql(const ProtectedColumn& column);
std::string DropInStepSql(const ProtectedColumn& column);

// How many triggers a table has of the column at its stage.
size_t InStepTriggers(const ProtectedColumn& column);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_IN_STEP_H_
