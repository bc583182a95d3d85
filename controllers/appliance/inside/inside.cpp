#include "controllers/appliance/inside/inside.h"

#include <algorithm>

#include "controllers/appliance/inside/parts.h"
#include "pkg/base/text.h"

namespace gantry::controllers::appliance {
namespace {

struct Part {
  const char* name;
  const char* code;  // of what is wrong with it, unless it says so itself
  Async<Status> (*ensure)(Turn);
};

constexpr Part kParts[] = {
    {parts::kSystem, "", &ensure_system},
    {parts::kAddress, "", &ensure_address},
    {parts::kForwarding, "NET-002", &ensure_forwarding},
    {parts::kFilter, "NET-001", &ensure_filter},
    {parts::kNames, "DNS-001", &ensure_names},
    {parts::kUpstream, "DNS-003", &ensure_upstream},
    {parts::kProxy, "PRX-001", &ensure_proxy},
    {parts::kCertificates, "PRX-008", &ensure_certificates},
};
constexpr int kPartCount = static_cast<int>(std::size(kParts));

Status coded(Status status, const char* code) {
  const bool add = !status.ok() && *code != '\0' && !catalogue_code(status);
  return add ? with_code(std::move(status), code) : status;
}

}  // namespace

const Finding* Findings::find(const std::string& part) const {
  const auto found = std::ranges::find(all, part, &Finding::part);
  return found == all.end() ? nullptr : &*found;
}

bool Findings::ok() const {
  return !all.empty() && std::ranges::all_of(all, [](const Finding& finding) {
    return finding.status.ok() || finding.part == parts::kUpstream;
  });
}

Async<Findings> bring_up(guest::Guest guest, Wanted wanted, guest::Report report) {
  guest::Setup setup(guest, {}, std::move(report));
  Findings findings;
  int number = 0;
  for (const auto& part : kParts) {
    setup.begin(++number, kPartCount, part.name, false);
    Turn turn{setup, wanted, findings};
    auto done = coded(co_await part.ensure(turn), part.code);
    const bool stops = !done.ok() && number == 1;
    findings.all.push_back({part.name, std::move(done)});
    if (stops) break;
  }
  co_return findings;
}

guest::File open_file(const std::string& path, const std::string& content) {
  guest::File file;
  file.path = path;
  file.content = content;
  return file;
}

}  // namespace gantry::controllers::appliance
