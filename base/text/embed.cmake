# SPDX-License-Identifier: Apache-2.0
# Turns the files of some folders into C: an array of struct asset (base/text/assets.h).
#
#   cmake -DFOLDERS=base/ui,alertmanager/ui -DBELOW=assets -DNAME=ALERTMANAGER_UI -DOUT=ui_assets.c
#         -P base/text/embed.cmake
#
# index.html and favicon.ico keep their names, all others stand below <BELOW>/<version>/, where the
# version is that of their contents together; @VERSION@ in index.html becomes it. Each is there
# compressed as well.
set(TYPE_html "text/html; charset=utf-8")
set(TYPE_css "text/css; charset=utf-8")
set(TYPE_js "text/javascript; charset=utf-8")
set(TYPE_svg "image/svg+xml")
set(TYPE_ico "image/vnd.microsoft.icon")

string(REPLACE "," ";" folders ${FOLDERS})
set(files "")
foreach(folder ${folders})
  file(GLOB found ${folder}/*)
  list(SORT found)
  list(APPEND files ${found})
endforeach()
set(digests "")
foreach(file ${files})
  file(SHA256 ${file} digest)
  string(APPEND digests ${digest})
endforeach()
string(SHA256 version "${digests}")
string(SUBSTRING ${version} 0 12 version)

function(append_bytes file symbol)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  file(APPEND ${OUT} "static const unsigned char ${symbol}[] = {${bytes}};\n")
endfunction()

file(WRITE ${OUT} "// Made from ${NAME} by base/text/embed.cmake.\n#include \"base/text/assets.h\"\n\n")
set(table "")
set(index 0)
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  get_filename_component(suffix ${file} LAST_EXT)
  string(SUBSTRING ${suffix} 1 -1 suffix)
  if(NOT DEFINED TYPE_${suffix})
    message(FATAL_ERROR "${file}: no content type is known for .${suffix}")
  endif()
  set(path "${BELOW}/${version}/${name}")
  set(content ${OUT}.content)
  file(COPY_FILE ${file} ${content})
  if(name STREQUAL "index.html" OR name STREQUAL "favicon.ico")
    set(path ${name})
  endif()
  if(name STREQUAL "index.html")
    file(READ ${file} text)
    string(REPLACE "@VERSION@" ${version} text "${text}")
    file(WRITE ${content} "${text}")
  endif()
  execute_process(COMMAND gzip -9nc ${content} OUTPUT_FILE ${content}.gz COMMAND_ERROR_IS_FATAL ANY)
  append_bytes(${content} raw_${index})
  append_bytes(${content}.gz gzip_${index})
  string(APPEND table "    {\"${path}\", \"${TYPE_${suffix}}\",\n"
    "     {(const char *)raw_${index}, sizeof(raw_${index})},\n"
    "     {(const char *)gzip_${index}, sizeof(gzip_${index})}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(REMOVE ${OUT}.content ${OUT}.content.gz)
file(APPEND ${OUT} "\nextern const struct asset ${NAME}[];\nconst struct asset ${NAME}[] = {\n${table}    {0},\n};\n")
