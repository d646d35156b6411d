import Glibc

/// Called by libFuzzer once, before anything else. `POSTERN_FUZZ_TARGET` names the target.
@_cdecl("LLVMFuzzerInitialize")
func initialize(
    _ count: UnsafeMutablePointer<CInt>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
    guard Environment.target != nil else {
        print("POSTERN_FUZZ_TARGET is one of: \(Target.allCases.map(\.rawValue).joined(separator: " "))")
        exit(2)
    }
    return 0
}

/// Called by libFuzzer with every input.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Sound: libFuzzer lends so many octets for the length of the call, and we keep a copy.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    Environment.target?.run(input)
    return 0
}

private enum Environment {
    static let target: Target? = {
        // Sound: nobody changes the environment, and the text is copied.
        guard let name = unsafe getenv("POSTERN_FUZZ_TARGET") else { return nil }
        return unsafe Target(rawValue: String(cString: name))
    }()
}
