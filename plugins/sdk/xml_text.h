// Text as the content of an XML element. Pure.

#ifndef ANQIAO_PLUGINS_SDK_XML_TEXT_H_
#define ANQIAO_PLUGINS_SDK_XML_TEXT_H_

#include <string>
#include <string_view>

namespace anqiao::sdk {

// Appends "text" (UTF-8 without control characters but tab and line breaks) with what would mean
// something else written as references; carriage returns too, since a parser makes line feeds of
// them.
void AppendXmlText(std::string_view text, std::string& out);

// Makes invalid UTF-8 of the "&" of every reference to what is no character (&#0;, a surrogate,
// beyond U+10FFFF): a parser would cut the text there, or make another character of it. No other
// byte moves.
void SpoilImpossibleReferences(std::string& text);

// True if an element may have this name; of what is not ASCII all is taken.
bool IsXmlName(std::string_view name);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_XML_TEXT_H_
