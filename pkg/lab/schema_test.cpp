// What calls take, per version; and the patterns that schemas use.
#include "pkg/lab/schema.h"

#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing_http.h"

namespace gantry::lab {
namespace {

using ::testing::HasSubstr;

TEST(Pattern, MatchesAWholeTextOrNot) {
  struct Row {
    const char *pattern, *text;
    bool matches;
  };
  for (const auto& row : {
           Row{R"(\+?\d+(\.\d+)?[KMGT]?)", "+1.5G", true},
           Row{R"(\+?\d+(\.\d+)?[KMGT]?)", "1.G", false},
           Row{R"((?^:[A-Za-z][A-Za-z0-9\.\-_]+))", "daemon-1", true},
           Row{R"((?^:[A-Za-z][A-Za-z0-9\.\-_]+))", "a", false},
           Row{R"((?^:\d+(?:;\d+)*))", "1;22;3", true},
           Row{R"((?^:\d+(?:;\d+)*))", "1;", false},
           Row{R"([0-9a-zA-Z!=]{0,4})", "", true},
           Row{R"([0-9a-zA-Z!=]{0,4})", "abcde", false},
           Row{R"((?^:[^\x00-\x08\x0a-\x1F\x7F]+))", "/sbin/init", true},
           Row{R"((?^:[^\x00-\x08\x0a-\x1F\x7F]+))", "a\nb", false},
           Row{R"(0[0-7]{3})", "0660", true},
           Row{R"((?^:^(?^:[^\s:/]+)\@(?^:[A-Za-z]+)(?:!(?^:[a-z]+))?$))", "a@pve!t", true},
           Row{R"((?^:^(?^:[^\s:/]+)\@(?^:[A-Za-z]+)(?:!(?^:[a-z]+))?$))", "a pve", false},
       }) {
    EXPECT_EQ(Pattern(row.pattern).matches(row.text), row.matches) << row.pattern << row.text;
  }
}

TEST(Schema, KnowsWhatEachVersionTakes) {
  const auto& old = api_schema(PveVersion::v8_4).calls;
  const auto& current = api_schema(PveVersion::v9_2).calls;
  const auto create = "POST /nodes/{node}/lxc";
  EXPECT_EQ(old.at(create).find("ha-managed"), nullptr);
  EXPECT_NE(current.at(create).find("ha-managed"), nullptr);
  EXPECT_NE(current.at(create).find("net31"), nullptr);
  EXPECT_EQ(current.at(create).find("net32"), nullptr);
  EXPECT_NE(current.at(create).find("mp255"), nullptr);
  EXPECT_FALSE(old.contains("GET /cluster/ha/rules"));
  EXPECT_TRUE(current.contains("GET /cluster/ha/rules"));
  const auto& config = current.at("PUT /nodes/{node}/lxc/{vmid}/config");
  EXPECT_TRUE(config.is_protected);
  EXPECT_TRUE(config.permission.any);
  EXPECT_EQ(config.permission.privileges.size(), 5u);
  EXPECT_EQ(current.at("PUT /nodes/{node}/lxc/{vmid}/resize").find("disk")->choices.size(), 257u);
}

TEST(Schema, AnOldServerRefusesWhatItDoesNotKnow) {
  auto options = single_node();
  options.version = PveVersion::v8_4;
  lab::testing::HttpWorld world(options);
  auto parameters = lab::testing::small_container();
  parameters["vmid"] = "100";
  parameters["entrypoint"] = "/bin/sh";
  parameters["net0"] = "name=eth0,bridge=vmbr0,host-managed=1";
  const auto answer = world.call("POST", "/nodes/pve1/lxc", parameters);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.text, HasSubstr("entrypoint: property is not defined in schema"));
  EXPECT_THAT(answer.text, HasSubstr("net0.host-managed: property is not defined in schema"));
  EXPECT_EQ(world.call("GET", "/nodes/pve1/lxc/100/migrate").status, 501);
}

TEST(Schema, SaysEverythingThatIsWrongInTheServersWords) {
  lab::testing::HttpWorld world;
  struct Row {
    const char *method, *path;
    pve::Parameters parameters;
    const char* text;
  };
  for (const auto& row : {
           Row{"PUT",
               "/nodes/pve1/lxc/100/resize",
               {{"disk", "mp300"}, {"size", "1X"}},
               "size: value does not match the regex pattern"},
           Row{"POST",
               "/nodes/pve1/lxc",
               {{"vmid", "100"}, {"ostemplate", "a:b"}, {"unique", "1"}},
               "restore: missing property - 'unique' requires this property"},
           Row{"PUT",
               "/nodes/pve1/lxc/100/config",
               {{"net0", "name=eth0,hwaddr=01:00:00:00:00:00,tag=5000,ip=10.0.0.300/24"}},
               "net0.tag: value must have a maximum value of 4094"},
           Row{"PUT",
               "/nodes/pve1/lxc/100/config",
               {{"net0", "name=eth0,ip=10.0.0.300/24"}},
               "net0.ip: invalid format - value does not look like a valid ipv4 network"},
           Row{"PUT",
               "/nodes/pve1/lxc/100/config",
               {{"net32", "name=eth0"}},
               "net32: property is not defined in schema"},
           Row{"POST",
               "/nodes/pve1/lxc/100/clone",
               {{"newid", "101"}, {"snapname", "x"}},
               "snapname: invalid format - invalid configuration ID 'x'"},
       }) {
    const auto answer = world.call(row.method, row.path, row.parameters);
    EXPECT_EQ(answer.status, 400) << row.path;
    EXPECT_THAT(answer.text, HasSubstr(row.text));
  }
}

}  // namespace
}  // namespace gantry::lab
