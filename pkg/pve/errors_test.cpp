#include "pkg/pve/errors.h"

#include "pkg/base/testing.h"

namespace gantry::pve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  int status;
  const char* text;
  ErrorClass want;
  const char* code = "";
};

// Texts as a 9.2 server sends them.
const Row kRows[] = {
    {401, "Authentication failed!", ErrorClass::auth, "CON-002"},
    {401, "No ticket", ErrorClass::auth, "CON-002"},
    {403, "Permission check failed (/vms/999, VM.Audit)", ErrorClass::permission, "CON-004"},
    {403, "Permission check failed", ErrorClass::permission, "CON-004"},
    {403,
     "Permission check failed (changing feature flags (except nesting) is only allowed for "
     "root@pam)",
     ErrorClass::permission, "CON-005"},
    {403, "Permission check failed (pool 'nope' does not exist)", ErrorClass::permission,
     "CON-004"},
    {500, "Configuration file 'nodes/pve1/lxc/999.conf' does not exist", ErrorClass::not_found},
    {500, "CT 100 already exists on node 'pve1'", ErrorClass::already_exists, "CT-001"},
    {500, "unable to create CT 161 - CT 161 already exists on node 'pve1'",
     ErrorClass::already_exists, "CT-001"},
    {500, "create pool failed: pool 'tp' already exists", ErrorClass::already_exists},
    {500, "CT is locked (backup)", ErrorClass::locked},
    {500, "can't lock file '/run/lock/lxc/pve-config-190.lock' - got timeout", ErrorClass::locked,
     "CON-015"},
    {500, "detected modified configuration - file changed by other user? Try again.",
     ErrorClass::conflict},
    {500, "CT 100 already running", ErrorClass::conflict},
    {500, "CT 153 not running", ErrorClass::conflict},
    {500, "VM 153 not running", ErrorClass::conflict},
    {500, "unable to destroy CT 153 - container is running", ErrorClass::conflict},
    {500, "disk is already at specified size", ErrorClass::conflict},
    {500, "can't remove CT 170 - protection mode enabled", ErrorClass::held},
    {500, "cluster not ready - no quorum?", ErrorClass::held, "CON-010"},
    {500,
     "hostname lookup 'pve9' failed - failed to get address info for: pve9: Temporary failure in "
     "name resolution",
     ErrorClass::transport, "CON-011"},
    {500, "storage 'nost' does not exist", ErrorClass::not_found, "STO-002"},
    {500, "unable to modify read-only option: 'unprivileged'", ErrorClass::invalid},
    {500, "unable to delete required option 'memory'", ErrorClass::invalid},
    {500, "no options specified", ErrorClass::invalid},
    {500, "unable to remove CT 152 - used in HA resources and purge parameter not set.",
     ErrorClass::invalid, "SAF-008"},
    {500, "something that nobody has seen before", ErrorClass::remote},
    {501, "Method 'GET /doesnotexist' not implemented", ErrorClass::unsupported},
    {506, "upload 'Content-Type 'text/plain' not implemented", ErrorClass::unsupported},
    {595, "Connection refused", ErrorClass::transport, "CON-011"},
    {596, "Connection timed out", ErrorClass::timeout, "CON-015"},
    {429, "Too Many Requests", ErrorClass::overload, "CON-015"},
};

TEST(Errors, EveryRecordedTextHasItsClassAndCode) {
  for (const auto& row : kRows) {
    FailedAnswer answer;
    answer.status = row.status;
    answer.text = std::string(row.text) + "\n";
    const auto status = to_status(answer);
    EXPECT_EQ(to_string(error_class(status)), to_string(row.want)) << row.text;
    EXPECT_EQ(catalogue_code(status).value_or(""), row.code) << row.text;
    EXPECT_THAT(message_of(status), HasSubstr(row.text));
    EXPECT_THAT(message_of(status), Not(HasSubstr("\n")));
  }
}

Status refused(std::map<std::string, std::string> parameters) {
  FailedAnswer answer;
  answer.status = 400;
  answer.text = "Parameter verification failed.\n";
  answer.parameters = std::move(parameters);
  return to_status(answer);
}

TEST(Errors, AWrongParameterIsNamed) {
  using testing::Fails;
  EXPECT_THAT(refused({{"memory", "type check ('integer') failed - got 'abc'"},
                       {"cores", "value must have a minimum value of 1"}}),
              Fails(ErrorClass::invalid, HasSubstr("cores: value must have a minimum value of 1; "
                                                   "memory: type check")));
  EXPECT_THAT(refused({{"net1", "unable to hotplug net1: bridge 'vmbr77' does not exist\n"}}),
              Fails(ErrorClass::invalid, HasSubstr("bridge 'vmbr77' does not exist")));
  EXPECT_THAT(refused({}), Fails(ErrorClass::invalid));
}

TEST(Errors, SomeWrongParametersAreFacts) {
  using testing::Fails;
  EXPECT_THAT(refused({{"upid", "no such task"}}), Fails(ErrorClass::not_found));
  EXPECT_THAT(refused({{"storage", "No such storage."}}), Fails(ErrorClass::not_found));
  EXPECT_THAT(refused({{"vmid", "VM 100 already exists"}}), Fails(ErrorClass::already_exists));
}

TEST(Errors, AMissingStorageDoesNotLookLikeAMissingGuestToAWrite) {
  FailedAnswer answer;
  answer.text = "storage 'nost' does not exist";
  answer.write = true;
  EXPECT_THAT(to_status(answer), testing::Fails(ErrorClass::invalid));
}

TEST(Errors, AnEmptyAnswerStillSaysSomething) {
  FailedAnswer answer;
  answer.status = 502;
  EXPECT_THAT(to_status(answer), testing::Fails(ErrorClass::remote, HasSubstr("502")));
}

TEST(Errors, TextsBecomeOneShortLine) {
  EXPECT_EQ(one_line("a\n\nb\tc \n", 100), "a b c");
  EXPECT_EQ(one_line("boom at /usr/share/perl5/PVE/X.pm line 934.", 100), "boom");
  EXPECT_EQ(one_line("abcdef", 3), "abc…");
}

TEST(Errors, TaskTextsHaveCodes) {
  EXPECT_EQ(task_failure_code("unable to create CT 150 - volume "
                              "'local:vztmpl/nope.tar.xz' does not exist"),
            "TPL-001");
  EXPECT_EQ(task_failure_code("tar: write error: No space left on device"), "STO-001");
  EXPECT_EQ(task_failure_code("snapshot feature is not available"), std::nullopt);
}

}  // namespace
}  // namespace gantry::pve
