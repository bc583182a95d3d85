#include "pkg/apiserver/write/codes.h"

#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/base/testing.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "spec.nodeSelector CEL-003", for each problem.
std::vector<std::string> codes(const schema::TypeInfo& type, const std::string& text) {
  schema::Problems problems;
  const auto holder = type.make();
  schema::read(type, holder.get(), *schema::parse_json(text), schema::Input::strict, "", problems);
  std::vector<std::string> all;
  for (const auto& problem : problems) {
    all.push_back(problem.path + " " + std::string(code_of(problem)));
  }
  return all;
}

std::vector<std::string> of_class(const std::string& spec) {
  return codes(*schema::type_of<api::v1alpha1::MachineClass>(),
               R"({"metadata":{"name":"small"},"spec":{"clusterName":"home",)" + spec + "}}");
}

// MC-001, CT-013, CEL-003, CON-005: refused when they are applied, not when they are needed.
TEST(CodeOf, WhatAClassIsRefusedFor) {
  EXPECT_THAT(of_class(R"("os":{"template":"debian"})"), IsEmpty());
  EXPECT_THAT(of_class(R"("os":{})"), ElementsAre("spec.os.template MC-001"));
  // A class without limits has those of its defaults; none can be taken away.
  EXPECT_THAT(of_class(R"("os":{"template":"debian"},"resources":{"cores":0,"memory":"0"})"),
              ElementsAre("spec.resources.cores MC-001", "spec.resources.memory MC-001"));
  EXPECT_THAT(of_class(R"("os":{"template":"debian"},"nodeSelector":"node.cores >")"),
              ElementsAre("spec.nodeSelector CEL-003"));
  EXPECT_THAT(of_class(R"("os":{"template":"debian"},"features":{"keyctl":true})"),
              ElementsAre("spec.features.keyctl CON-005"));
}

// MC-008: what Proxmox, DNS or Linux would not take.
TEST(CodeOf, NamesThatAreNotAllowedWhereTheyGo) {
  EXPECT_THAT(codes(*schema::type_of<api::v1alpha1::Machine>(),
                    R"({"metadata":{"name":"web"},"spec":{"machineClassName":"small",)"
                    R"("hostname":"my_host","node":"pve 1"}})"),
              ElementsAre("spec.hostname MC-008", "spec.node MC-008"));
}

}  // namespace
}  // namespace gantry::apiserver
