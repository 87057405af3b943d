# The rules that every target of ours obeys, and the functions that make targets.

add_library(cerro_rules INTERFACE)
target_compile_features(cerro_rules INTERFACE cxx_std_20)
target_compile_options(cerro_rules INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Woverloaded-virtual -Wold-style-cast
  $<$<BOOL:${CERRO_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of g++ 12 at -O2: coroutine frames that Asio allocates and frees through its own cache, the members of
  # variants and optionals in their inlined destructors, the moves inside of std::string's operator+.
  target_compile_options(cerro_rules INTERFACE -Wno-mismatched-new-delete -Wno-maybe-uninitialized
    -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()
target_compile_definitions(cerro_rules INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  MSGPACK_NO_BOOST CERRO_VERSION="${PROJECT_VERSION}")
if(NOT CERRO_SANITIZE MATCHES "thread")
  target_compile_definitions(cerro_rules INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(CERRO_SANITIZE)
  target_compile_options(cerro_rules INTERFACE -fsanitize=${CERRO_SANITIZE} -fno-omit-frame-pointer -Wno-maybe-uninitialized)
  target_link_options(cerro_rules INTERFACE -fsanitize=${CERRO_SANITIZE})
  if(CERRO_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(cerro_rules INTERFACE -Wno-tsan)
  endif()
endif()
if(CERRO_FUZZ)
  # The libraries are instrumented; only fuzz targets link the driver (its main).
  target_compile_options(cerro_rules INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer)
  target_link_options(cerro_rules INTERFACE -fsanitize=address,undefined)
endif()

# What scripts/demo needs built; the tests that CI runs under the sanitizers too.
add_custom_target(demo_programs)
add_custom_target(sanitized_tests)

# cerro_library(NAME codec SOURCES src/a.cpp ... PUBLIC cerro::x PRIVATE cerro::y)
# The headers under include/ are public; PUBLIC lists what a public header needs.
function(cerro_library)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(cerro_${arg_NAME} STATIC ${arg_SOURCES})
  add_library(cerro::${arg_NAME} ALIAS cerro_${arg_NAME})
  target_include_directories(cerro_${arg_NAME} PUBLIC include PRIVATE src)
  target_link_libraries(cerro_${arg_NAME} PUBLIC ${arg_PUBLIC} PRIVATE cerro_rules ${arg_PRIVATE})
endfunction()

# cerro_executable(NAME cerro-router SOURCES main.cpp LINK cerro::router)
# The binary comes to <build>/bin.
function(cerro_executable)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINK" ${ARGN})
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE cerro_rules ${arg_LINK})
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  install(TARGETS ${arg_NAME} RUNTIME DESTINATION bin)
  add_dependencies(demo_programs ${arg_NAME})
endfunction()

# cerro_test(NAME codec_json SOURCES tests/json_test.cpp LINK cerro::codec LABELS unit [TIMEOUT 60])
# Labels: unit (no I/O), net (loopback), system (several processes), interop (foreign clients), web, soak;
# 'sanitized' is added here.
function(cerro_test)
  cmake_parse_arguments(arg "" "NAME;LABELS;TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(test_${arg_NAME} ${arg_SOURCES})
  target_link_libraries(test_${arg_NAME} PRIVATE cerro_rules cerro::test_main ${arg_LINK})
  target_compile_definitions(test_${arg_NAME} PRIVATE
    CERRO_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data" CERRO_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  if(CERRO_PCH)
    target_precompile_headers(test_${arg_NAME} REUSE_FROM cerro_test_main)
  endif()
  add_test(NAME ${arg_NAME} COMMAND test_${arg_NAME})
  # Where bytes from outside are read and connections live and die: these run under the sanitizers in CI too.
  if(arg_LABELS MATCHES "unit|net" AND CMAKE_CURRENT_SOURCE_DIR MATCHES "^${CMAKE_SOURCE_DIR}/(libcommon|router)")
    add_dependencies(sanitized_tests test_${arg_NAME})
    list(APPEND arg_LABELS sanitized)
  endif()
  set_tests_properties(${arg_NAME} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()

# cerro_fuzz(NAME codec_json SOURCES fuzz/json_fuzz.cpp LINK cerro::codec)
# A libFuzzer target (preset fuzz, clang 14); its corpus is fuzz/corpus/NAME beside it.
function(cerro_fuzz)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINK" ${ARGN})
  if(NOT CERRO_FUZZ)
    return()
  endif()
  add_executable(fuzz_${arg_NAME} ${arg_SOURCES})
  target_link_libraries(fuzz_${arg_NAME} PRIVATE cerro_rules ${arg_LINK})
  target_link_options(fuzz_${arg_NAME} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz_${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()
