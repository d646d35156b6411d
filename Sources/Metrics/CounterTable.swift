import Synchronization

/// Counters in rows and columns, which any thread raises without a lock, a wait or an allocation.
///
/// The table has all its cells from the beginning: what it can count is as many things as it was made for, whatever comes in.
///
/// `@unchecked`: the storage is made and freed with the object, and every cell in between is an atomic.
@safe package final class CounterTable: @unchecked Sendable {
    package let rows: Int
    package let columns: Int
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>

    package init(rows: Int = 1, columns: Int = 1) {
        precondition(rows > 0 && columns > 0, "a table without cells counts nothing")
        self.rows = rows
        self.columns = columns
        unsafe cells = .allocate(capacity: rows * columns)
        // Sound: each cell is initialized once, here, and deinitialized once, in deinit.
        for index in 0..<rows * columns { unsafe (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        // Sound: all cells were initialized, and nobody holds the object any more.
        unsafe cells.deinitialize(count: rows * columns)
        unsafe cells.deallocate()
    }

    /// Relaxed: a counter is read on its own, and orders nothing else.
    package func add(_ amount: UInt64 = 1, row: Int = 0, column: Int = 0) {
        // Sound: `index` has checked the bounds.
        unsafe cells[index(row, column)].wrappingAdd(amount, ordering: .relaxed)
    }

    package func value(row: Int = 0, column: Int = 0) -> UInt64 {
        // Sound: `index` has checked the bounds.
        unsafe cells[index(row, column)].load(ordering: .relaxed)
    }

    private func index(_ row: Int, _ column: Int) -> Int {
        precondition(row >= 0 && row < rows && column >= 0 && column < columns, "there is no such counter")
        return row * columns + column
    }
}
