// The texts of a new adapter: sources, build file, README, and a made-up sample.
//
// Pure. Nothing of the sample's values gets into them: only its headers, its shape, and values that
// are in the table of codes.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_SOURCE_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_SOURCE_H_

#include <string>

#include "hub/adapter/scaffold/infer.h"
#include "hub/adapter/scaffold/sample_table.h"

namespace anqiao::scaffold {

std::string AdapterSource(const std::string& name, const std::string& format,
                          const SampleTable& table, const Plan& plan);
// What the sample is, in words.
std::string ShapeText(const SampleTable& table);
std::string BuildFile(const std::string& name);
std::string Readme(const std::string& name, const std::string& format);

// Three made-up rows of the sample's shape, in its encoding, under titles that say so.
std::string MadeUpSample(const SampleTable& table, const Plan& plan);

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_SOURCE_H_
