#include "rotation/request_queue.h"

#include <pqxx/result>
#include <span>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/array_fields.h"

namespace fieldkms::rotation {
namespace {

// What a copy of the database has of requests is not for it.
constexpr std::string_view kTake = R"sql(
  UPDATE kms.requests r SET state = 'running', worker = $1, fence = r.fence + 1,
    lost = r.lost + (r.state = 'running' AND r.worker <> $1)::int4, progress = NULL,
    lease_until = clock_timestamp() + $3 * interval '1 second'
  WHERE r.request_id = (
    SELECT q.request_id FROM kms.requests q
    WHERE (q.state = 'queued' AND q.expires_at > clock_timestamp() OR q.state = 'running')
      AND (coalesce(q.lease_until, '-infinity') <= clock_timestamp()
           OR q.state = 'running' AND q.worker = $1)
      AND (q.worker IS DISTINCT FROM $1 OR q.request_id <> ALL ($5::text[]::int8[]))
      AND q.action = ANY ($4::text[])
      AND (q.tenant IS NULL OR q.tenant = $2)
      AND q.database_oid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY q.request_id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING r.request_id)sql";

constexpr std::string_view kRead = R"sql(
  SELECT r.fence, r.action, r.options::text, r.dry_run, r.requested_by, r.requested_as, r.job_id,
    r.relation IS NOT NULL, n.nspname, c.relname, a.attname,
    coalesce(kms.may_change(c.oid, r.requested_by, r.requested_as), false),
    'kms-' || r.database_oid || '-' || r.request_id || '-'
      || (extract(epoch FROM r.requested_at) * 1000000)::int8,
    r.lost
  FROM kms.requests r
    LEFT JOIN pg_class c ON c.oid = r.relation AND c.oid = r.relation_oid
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = r.attribute_number
      AND NOT a.attisdropped
  WHERE r.request_id = $1)sql";

constexpr std::string_view kMine =
    " WHERE request_id = $1 AND state = 'running' AND worker = $2 AND fence = $3";

Request RequestOf(int64_t id, const pqxx::row& row) {
  Request request;
  request.id = id;
  request.fence = row[0].as<int64_t>();
  request.action = TextOf(row[1]);
  request.options = RequestOptions(nlohmann::json::parse(TextOf(row[2]), nullptr, false));
  request.dry_run = BoolOf(row[3]);
  request.requested_by = TextOf(row[4]);
  request.requested_as = TextOf(row[5]);
  if (!row[6].is_null()) request.job_id = TextOf(row[6]);
  request.allowed = !BoolOf(row[7]);
  if (!row[9].is_null() && !row[10].is_null()) {
    request.table = TableName{TextOf(row[8]), TextOf(row[9])};
    request.column = TextOf(row[10]);
    request.allowed = BoolOf(row[11]);
  }
  request.call_id = TextOf(row[12]);
  request.lost = row[13].as<int64_t>();
  return request;
}

std::string Set(std::string_view changes) {
  return "UPDATE kms.requests SET " + std::string(changes) + std::string(kMine);
}

}  // namespace

absl::StatusOr<std::optional<Request>> RequestQueue::Take() {
  std::vector<std::string> held;
  for (const int64_t id : held_) held.push_back(std::to_string(id));
  std::optional<Request> taken;
  FIELDKMS_RETURN_IF_ERROR(database_.Write([&](Transaction& transaction) {
    const pqxx::result ids = transaction.Run(
        kTake, {worker_, tenant_, kRequestLease, ArrayOf(std::span<const std::string>(actions_)),
                ArrayOf(std::span<const std::string>(held))});
    if (ids.empty()) return absl::OkStatus();
    const auto id = ids[0][0].as<int64_t>();
    taken = RequestOf(id, transaction.Run(kRead, {id})[0]);
    return absl::OkStatus();
  }));
  if (taken) held_.insert(taken->id);
  return taken;
}

absl::Status RequestQueue::Say(const Request& request, const std::string& progress) {
  return database_.Query(Set("progress = $4"), {request.id, worker_, request.fence, progress})
      .status();
}

absl::Status RequestQueue::AwaitJob(const Request& request, const std::string& job_id) {
  return database_.Query(Set("job_id = $4"), {request.id, worker_, request.fence, job_id}).status();
}

absl::Status RequestQueue::Done(const Request& request, const RequestOutcome& outcome) {
  Forget(request);
  return database_
      .Query(Set("state = 'done', ended_at = clock_timestamp(), progress = NULL, answer = $4, "
                 "result = $5::jsonb"),
             {request.id, worker_, request.fence, outcome.answer,
              outcome.result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)})
      .status();
}

absl::Status RequestQueue::Failed(const Request& request, const absl::Status& why) {
  Forget(request);
  // What a library says may be a value.
  const std::string message =
      HasReason(why) ? std::string(MessageOf(why)) : std::string("the call failed");
  return database_
      .Query(Set("state = 'failed', ended_at = clock_timestamp(), progress = NULL, reason = $4, "
                 "field = nullif($5, ''), message = $6"),
             {request.id, worker_, request.fence,
              std::string(ReasonName(PublicReason(ReasonOf(why)))), FieldOf(why), message})
      .status();
}

absl::Status RequestQueue::GiveBack(const Request& request, std::chrono::seconds after) {
  Forget(request);
  return database_
      .Query(Set("state = 'queued', worker = NULL, "
                 "lease_until = clock_timestamp() + $4 * interval '1 second', "
                 "expires_at = clock_timestamp() + interval '1 hour'"),
             {request.id, worker_, request.fence, after})
      .status();
}

}  // namespace fieldkms::rotation
