// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs the real `weir` binary, as a script and as a person would.

#include <string>
#include <utility>
#include <vector>

namespace weir::cli {

struct Ran {
  std::string out;
  std::string err;
  int exit_code = -1;  // -1 if a signal ended it
  int signal = 0;
};

// With `in` as standard input, no terminal, and TZ=UTC.
Ran run_weir(const std::vector<std::string>& arguments, const std::string& in = "",
             const std::vector<std::string>& environment = {});

// `weir` on a terminal of its own. `type` what a person types once the program has printed `after`.
class OnTerminal {
 public:
  explicit OnTerminal(const std::vector<std::string>& arguments);
  ~OnTerminal();
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  void type(const std::string& after, const std::string& text);
  // Waits for the end; `out` is all that was on the screen.
  Ran wait();
  // Whether the terminal, at the end, shows what is typed.
  bool echoes() const { return echoes_; }

 private:
  bool read_more();

  int terminal_ = -1;
  int slave_ = -1;  // kept open, so that the terminal outlives the program
  int process_ = -1;
  std::string screen_;
  bool echoes_ = false;
};

// Starts `weir` and reads its output as it comes.
class InBackground {
 public:
  explicit InBackground(const std::vector<std::string>& arguments);
  ~InBackground();
  InBackground(const InBackground&) = delete;
  InBackground& operator=(const InBackground&) = delete;

  // Reads standard output until `text` has come. False if it ended before.
  bool wait_for(const std::string& text);
  void send(int signal) const;
  // `err` is empty: it goes to the test's own.
  Ran wait();

 private:
  int output_ = -1;
  int process_ = -1;
  std::string read_;
};

}  // namespace weir::cli
