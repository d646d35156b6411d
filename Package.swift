// swift-tools-version: 6.3
import PackageDescription

// Every Swift target gets the same settings. Warnings are errors only where `./scripts/test` asks for it,
// so that a newer Swift with a new warning never breaks `./scripts/start`.
let strict = Context.environment["POSTERN_STRICT"] == "1"
let settings: [SwiftSetting] =
    [
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

/// A room of the house (docs/architecture.md has the picture); `dependencies` are the arrows that leave it.
func room(
    _ name: String,
    path: String? = nil,
    exclude: [String] = ["README.md"],
    _ dependencies: Target.Dependency...
)
    -> Target
{
    .target(name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: settings)
}

func tests(_ name: String, resources: [Resource] = [], _ dependencies: Target.Dependency...) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name), "TestSupport"] + dependencies,
        resources: resources,
        swiftSettings: settings
    )
}

// Only `./scripts/fuzz` sees this target: it has no main of its own, libFuzzer brings one.
let fuzzing: [Target] =
    Context.environment["POSTERN_FUZZ"] == "1"
    ? [
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "ConnectApp", "OperatorAPI", "BulkGrants", "Webhooks", "NylasSandbox", "Web", "OAuth", "Nylas",
                "GrantStore", "Grants", "TLS", "HTTP1", "HTTPSemantics", "Cryptography", "Timekeeping", "TestSupport",
                httpTypes, logging,
            ],
            path: "Tests/Fuzz",
            exclude: ["README.md", "Seeds", "http.dict"],
            swiftSettings: settings
        )
    ] : []

let package = Package(
    name: "postern",
    dependencies: [
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C: what Swift cannot reach by itself
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        // values and seams
        room("Timekeeping"),
        room("Metrics"),
        room("Grants", "Timekeeping"),
        room("HTTPSemantics", "Timekeeping", httpTypes),
        room("Cryptography", exclude: ["README.md", "TLS"], "COpenSSL"),

        // the server and the client
        room("HTTP1", "HTTPSemantics", httpTypes),
        room("Sockets", "CLinux"),
        room("TLS", path: "Sources/Cryptography/TLS", "Sockets", "COpenSSL"),
        room("HTTPServer", "HTTP1", "Sockets", "HTTPSemantics", "Timekeeping", httpTypes),
        room("HTTPClient", "HTTP1", "Sockets", "HTTPSemantics", httpTypes),

        // the application
        room("Web", "HTTPSemantics", "Cryptography", "Timekeeping", httpTypes),
        room("OAuth", "HTTPSemantics", "Cryptography", "Timekeeping"),
        room("Nylas", "OAuth", "HTTPSemantics", "Cryptography", "Grants", "Timekeeping", httpTypes),
        room("GrantStore", "CSQLite", "Cryptography", "Grants", "Timekeeping"),
        room(
            "ConnectApp",
            "Web",
            "OAuth",
            "Nylas",
            "GrantStore",
            "Grants",
            "HTTPSemantics",
            "Cryptography",
            "Timekeeping",
            httpTypes,
            logging
        ),
        room(
            "OperatorAPI",
            "ConnectApp",
            "BulkGrants",
            "Web",
            "Nylas",
            "GrantStore",
            "Grants",
            "HTTPSemantics",
            "Cryptography",
            "Timekeeping",
            httpTypes,
            logging
        ),
        room("BulkGrants", "Nylas", "GrantStore", "Grants", "Cryptography", "Timekeeping"),
        room(
            "Webhooks",
            "Web",
            "Nylas",
            "GrantStore",
            "Grants",
            "HTTPSemantics",
            "Cryptography",
            "Timekeeping",
            httpTypes,
            logging
        ),
        room("NylasSandbox", "Web", "HTTPSemantics", "Cryptography", "Timekeeping", httpTypes),

        // where the parts are joined
        .executableTarget(
            name: "postern",
            dependencies: [
                "ConnectApp", "OperatorAPI", "BulkGrants", "Webhooks", "NylasSandbox", "HTTPServer", "HTTPClient",
                "TLS",
                "Sockets", "Web", "Nylas", "OAuth",
                "GrantStore", "Grants", "HTTPSemantics", "HTTP1", "Cryptography", "Timekeeping",
                "Metrics", httpTypes, logging, argumentParser, unixSignals,
            ],
            exclude: ["README.md"],
            swiftSettings: settings
        ),

        // tests
        .target(
            name: "TestSupport",
            dependencies: [
                "GrantStore", "Grants", "HTTP1", "HTTPSemantics", "Sockets", "Cryptography", "Timekeeping",
                "COpenSSL", httpTypes,
            ],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        tests("Timekeeping"),
        tests("Metrics"),
        tests("Grants"),
        tests("HTTPSemantics", httpTypes),
        tests("Cryptography"),
        tests("HTTP1", resources: [.copy("Corpus")], "HTTPSemantics", httpTypes),
        tests("Sockets"),
        tests("TLS", "Sockets", "Cryptography", "COpenSSL"),
        tests("HTTPServer", "HTTP1", "Sockets", "TLS", "HTTPSemantics", httpTypes),
        tests("HTTPClient", "HTTPServer", "HTTP1", "Sockets", "TLS", "HTTPSemantics", httpTypes),
        tests("Web", "HTTPSemantics", httpTypes),
        tests("OAuth", "HTTPSemantics", "Cryptography", "Timekeeping"),
        tests("Nylas", "OAuth", "HTTPSemantics", "Grants", "Cryptography", "Timekeeping", httpTypes),
        tests("GrantStore", "Grants", "CSQLite"),
        tests(
            "ConnectApp",
            "Cryptography",
            "NylasSandbox",
            "Nylas",
            "OAuth",
            "GrantStore",
            "Grants",
            "Web",
            "HTTPSemantics",
            httpTypes,
            logging
        ),
        tests(
            "postern",
            "BulkGrants",
            "ConnectApp",
            "GrantStore",
            "Grants",
            "HTTP1",
            "HTTPServer",
            "HTTPSemantics",
            "Metrics",
            "Sockets",
            "TLS",
            "Timekeeping",
            "Web",
            httpTypes,
            logging
        ),
        tests(
            "OperatorAPI",
            "ConnectApp",
            "BulkGrants",
            "Web",
            "Nylas",
            "GrantStore",
            "Grants",
            "HTTPSemantics",
            "Cryptography",
            "Timekeeping",
            httpTypes,
            logging
        ),
        tests(
            "BulkGrants",
            "Nylas",
            "NylasSandbox",
            "GrantStore",
            "Grants",
            "HTTPSemantics",
            "Cryptography",
            "Timekeeping",
            httpTypes
        ),
        tests(
            "Webhooks",
            "Cryptography",
            "GrantStore",
            "Grants",
            "Nylas",
            "Web",
            "HTTPSemantics",
            "Timekeeping",
            httpTypes,
            logging
        ),
        tests("NylasSandbox", "HTTPSemantics", "Cryptography", httpTypes),
    ] + fuzzing
)
