// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketViewer} from "../../contracts/MarketViewer.sol";
import {IMarketViewer, IMarketViewerTypes} from "../../contracts/interfaces/IMarketViewer.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {Vm} from "../support/solidity/Vm.sol";

/// @notice The viewer's draws against the market's: every candidate, with the reason why it was passed over.
contract MarketViewerDrawsTest is MarketFixture {
    using RequestBuilder for Request;

    MarketViewer private _viewer;
    uint256 private _dice;
    mapping(Draw draw => uint256 count) private _seen;

    function setUp() public override {
        super.setUp();
        _viewer = new MarketViewer(IProverRegistry(address(registry)));
    }

    /// @dev Price floors, several seats an operator, seats at work, without room, leaving, slashed and dropped ones.
    function testFuzz_draw_IsWhatTheMarketDoes(uint256 dice) public sound {
        _dice = dice;
        _populate();
        Workload memory w = submit(aRequest().withSlots(1 + _roll(8)).withFee(FEE * 8));
        if (_roll(3) == 0) leaveSet(seatOf[carol]);
        if (_roll(3) == 0) nextEpoch();
        if (_roll(3) == 0) {
            // Three misses would do it; what matters here is a seat of the frozen set that is out.
            vm.prank(address(market));
            registry.drop(seatOf[dave]);
        }
        beacon.publish(uint32(w.round), bytes32(_roll(type(uint256).max) + 1));
        IMarketViewerTypes.DrawView memory before = _viewer.previewDraw(w.spec);
        uint256[] memory have = _assign(w);
        _compare(have, before);
        IMarketViewerTypes.DrawView memory later = _viewer.reviewDraw(w.spec, w.round, w.epoch);
        assertTrue(later.agrees, "the words say the same slots");
        _compare(have, later);
        assertEq(later.seed, keccak256(abi.encode(later.randomness, w.id)), "seed");
        assertEq(later.setSize, registry.activeSeats(CLASS, w.epoch), "set");
    }

    /// @dev The fuzzing above is worth something only if it meets every reason.
    function test_draw_MeetsEveryReason() public sound {
        for (uint256 i; i < 24; ++i) {
            uint256 saved = snapshot();
            testFuzz_draw_IsWhatTheMarketDoes(uint256(keccak256(abi.encode("reasons", i))));
            uint256[6] memory met;
            for (uint256 draw; draw < 6; ++draw) met[draw] = _seen[Draw(draw)];
            restore(saved);
            for (uint256 draw; draw < 6; ++draw) _seen[Draw(draw)] = met[draw];
        }
        for (uint256 draw; draw < 6; ++draw) assertTrue(_seen[Draw(draw)] != 0, vm.toString(draw));
    }

    /// @dev What seats do after the draw changes nothing in what the words tell of it.
    function test_reviewDraw_AlsoAfterAnswers() public sound {
        Workload memory w = drawnToAliceAndBob();
        IMarketViewerTypes.DrawView memory first = _viewer.reviewDraw(w.spec, w.round, w.epoch);
        decline(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        bytes memory now_ = abi.encode(_viewer.reviewDraw(w.spec, w.round, w.epoch));
        assertEq(keccak256(now_), keccak256(abi.encode(first)), "the same draw");
    }

    /// @dev Attack: whoever names another round or epoch sees that it is not the draw's.
    function test_reviewDraw_OfAnotherRoundDisagrees() public sound {
        Workload memory w = drawnToAliceAndBob();
        Workload memory other = submit(aRequest());
        beacon.publish(uint32(other.round), valueFor(w, pair(seatOf[bob], seatOf[alice])));
        assertTrue(!_viewer.reviewDraw(w.spec, other.round, w.epoch).agrees, "another order of slots");
    }

    function test_previewDraw_RevertWhen_ThereIsNothingToDraw() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.RoundNotKnown.selector, w.round));
        _viewer.previewDraw(w.spec);
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.NotInPhase.selector, w.id, Phase.Pending));
        _viewer.reviewDraw(w.spec, w.round, w.epoch);
        assignTo(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.NotInPhase.selector, w.id, Phase.Proving));
        _viewer.previewDraw(w.spec);
    }

    /// @dev More seats, and workloads before that keep some of them.
    function _populate() private {
        address[4] memory operators = [alice, bob, carol, dave];
        for (uint256 i; i < operators.length; ++i) {
            if (_roll(2) == 0) stake(operators[i], 1 + _roll(2), _roll(4) == 0 ? 1e12 : 0);
        }
        nextEpoch();
        for (uint256 i = _roll(7); i != 0; --i) {
            Workload memory w = submit(aRequest().withSlots(2 + _roll(3)).withFee(FEE * 4));
            beacon.publish(uint32(w.round), bytes32(_roll(type(uint256).max) + 1));
            uint256[] memory candidates = _assign(w);
            for (uint256 k; k < candidates.length; ++k) {
                uint256 seat = uint24(candidates[k]);
                if (Draw(uint8(candidates[k] >> 24)) != Draw.Drawn) continue;
                // Most commit, which moves words aside until a seat has no room.
                if (_roll(5) != 0) commit(w, seat);
                else if (_roll(3) == 0) fail(w, seat, FailReason.ProgramFailed);
                else decline(w, seat);
            }
        }
        if (_roll(4) == 0) leaveSet(seatOf[erin]);
    }

    function _assign(Workload memory w) private returns (uint256[] memory candidates) {
        startLogs();
        assign(w);
        Vm.Log[] memory logs = takeLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == Assigned.selector) candidates = abi.decode(logs[i].data, (uint256[]));
        }
    }

    function _compare(uint256[] memory have, IMarketViewerTypes.DrawView memory want) private {
        assertEq(have.length, want.candidates.length, "candidates looked at");
        uint256 drawn;
        for (uint256 i; i < have.length; ++i) {
            IMarketViewerTypes.Candidate memory c = want.candidates[i];
            if (c.draw == Draw.Drawn) ++drawn;
            ++_seen[c.draw];
            uint256 word = (uint256(uint160(c.operator)) << 96) | (c.slot << 32) | (uint256(c.draw) << 24) | c.seat;
            assertEq(have[i], word, string.concat("candidate ", vm.toString(i)));
        }
    }

    function _roll(uint256 sides) private returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }
}
