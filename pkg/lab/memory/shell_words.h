#pragma once
// Words, options, exits: what the programs of GuestShell have in common.
#include <string>
#include <vector>

#include "pkg/guest/channel.h"

namespace gantry::lab {

guest::Exit exit_with(int code, std::string out = "", std::string err = "");
// "cat: /x: No such file or directory", code 1.
guest::Exit missing(const std::string& program, const std::string& path);
// Output of both, code of the later.
void append(guest::Exit& to, const guest::Exit& from);

// "sh" of "/bin/sh".
std::string program_name(const std::string& path);
// The words after the first that are no options.
std::vector<std::string> operands(const std::vector<std::string>& words);
// Words of one simple command, quotes removed.
std::vector<std::string> split_words(const std::string& text);

struct Step {
  std::string text;
  std::string joiner;  // what stood before it: "", "&&", "||", ";"
};
// Cuts a script at its joiners, outside quotes.
std::vector<Step> split_steps(const std::string& script);

}  // namespace gantry::lab
