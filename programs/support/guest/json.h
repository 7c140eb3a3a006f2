// JSON (RFC 8259), as much of it as a job needs: an object whose members are strings or anything else.
#pragma once

#include <map>
#include <string>

#include "field.h"

// The string members of the object in `text`; members of other types are checked for syntax and left out. Throws
// std::invalid_argument if it is not an object of valid JSON, or names a member twice.
std::map<std::string, std::string> stringMembers(const Bytes& text);

// `text` as a JSON string, with its quotation marks.
std::string quoted(const std::string& text);
