// SPDX-License-Identifier: Apache-2.0
// weir-examples NAME...: runs examples, in real time. Without a name: lists them.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "async/thread_loop.h"
#include "examples/table.h"

int main(int argc, char** argv) {
  const auto& examples = weir::examples::all();
  if (argc < 2) {
    for (const auto& example : examples) std::cout << example.name << "\n";
    return EXIT_SUCCESS;
  }
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const auto found = std::find_if(examples.begin(), examples.end(),
                                    [&](const auto& example) { return example.name == name; });
    if (found == examples.end()) {
      std::cerr << "there is no example " << name << "; without a name they are listed\n";
      return EXIT_FAILURE;
    }
    weir::ThreadLoop loop;
    loop.run(found->run(std::cout));
  }
  return EXIT_SUCCESS;
}
